/** `show`, `new`, `set`, `commit`, `abort` and `del ssl cert`; `show`, `add` and `del ssl crt-list`. */
import { describePem, isUsable, readPem } from '../pem.ts';
import { since, type FakeWorker } from '../worker.ts';
import { failed, shown, warned, type Answer, type Command } from './answer.ts';

export const showCert: Command = ([name], { worker }) => {
  const { certificates, transaction } = worker;
  if (name === undefined) {
    const open = transaction === undefined ? '' : `# transaction\n*${transaction.path}\n`;
    return shown(`${open}# filename\n${[...certificates.keys()].map((path) => `${path}\n`).join('')}`);
  }
  if (transaction !== undefined && name === `*${transaction.path}`)
    return shown(describe(worker, name, since(worker, 3, 2) ? 'Uncommitted' : 'Unused', transaction.pem));
  const found = certificates.get(name);
  if (found === undefined)
    return failed("Can't display the certificate: Not found or the certificate is a bundle!");
  const state = found.pem === undefined ? 'Empty' : found.uses > 0 ? 'Used' : 'Unused';
  return shown(describe(worker, name, state, found.pem));
};

function describe(worker: FakeWorker, name: string, state: string, pem: string | undefined): string {
  const path = name.replace(/^\*/, '');
  const files =
    since(worker, 3, 2) && pem !== undefined
      ? [
          `Crt filename: ${path}`,
          `Key filename: ${path}`,
          `OCSP filename: ${path}.ocsp`,
          `SCTL filename: ${path}.sctl`,
        ]
      : [];
  const options = since(worker, 3, 4) ? ['Option: ocsp-update off', 'Option: jwt off'] : [];
  const told = pem === undefined ? [] : describePem(pem);
  return [
    `Filename: ${name}`,
    ...files,
    ...options,
    `Status: ${state}`,
    ...told,
    'OCSP Response Key: ',
    '',
  ].join('\n');
}

export const newCert: Command = ([name], { worker }) => {
  if (name === undefined) return failed("'new ssl cert' expects a filename");
  if (worker.certificates.has(name)) return failed(`Certificate '${name}' already exists!`);
  worker.certificates.set(name, { path: name, pem: undefined, uses: 0 });
  return warned(`New empty certificate store '${name}'!`);
};

export const setCert: Command = ([name], { worker }, payload) => {
  const old = !since(worker, 3, 0);
  if (name === undefined || payload === undefined)
    return failed(`'set ssl cert${old ? '' : "'"} expects a filename and a certificate as a payload`);
  const { transaction } = worker;
  // [haproxy] 2.6 takes it for the transaction that is open, whatever its name.
  if (transaction !== undefined && transaction.path !== name && !old)
    return failed(`${otherTransaction(transaction.path, 'set', name)}\nCan't update ${name}!`);
  if (transaction === undefined && !worker.certificates.has(name))
    return failed(
      `Can't replace a certificate which is not referenced by the configuration!\nCan't update ${name}!`,
    );
  if (readPem(payload).leaf === undefined) {
    const why = old ? '.' : ': no start line.';
    return failed(
      `unable to load certificate from file '${name}'${why}\nCan't load the payload\nCan't update ${name}!`,
    );
  }
  const path = transaction?.path ?? name;
  worker.transaction = { path, pem: payload };
  return warned(`Transaction ${transaction === undefined ? 'created' : 'updated'} for certificate ${path}!`);
};

const otherTransaction = (path: string, what: string, name: string): string =>
  `The ongoing transaction is about '${path}' but you are trying to ${what} '${name}'`;

export const commitCert: Command = ([name], { worker }) => {
  if (name === undefined)
    return failed(`'commit ssl cert${since(worker, 3, 0) ? "'" : ''} expects a filename`);
  const { transaction, certificates } = worker;
  if (transaction === undefined) return failed(`No ongoing transaction! !\nCan't commit ${name}!`);
  if (transaction.path !== name)
    return failed(`${otherTransaction(transaction.path, 'set', name)}\nCan't commit ${name}!`);
  const uses = certificates.get(name)?.uses ?? 0;
  if (!isUsable(transaction.pem)) {
    if (!since(worker, 3, 4))
      return failed(
        `The transaction must contain at least a certificate and a private key!\nCan't commit ${name}!`,
      );
    worker.transaction = undefined;
    return shown(
      `Committing ${name}\nunable to load SSL private key into SSL Context '${name}': passed a null parameter.\nFailed!\n`,
    );
  }
  certificates.set(name, { path: name, pem: transaction.pem, uses });
  worker.transaction = undefined;
  return shown(`Committing ${name}${'.'.repeat(uses)}\nSuccess!\n`);
};

export const abortCert: Command = ([name], { worker }) => {
  if (name === undefined) return failed("'abort ssl cert' expects a filename");
  const { transaction } = worker;
  if (transaction === undefined) return failed('No ongoing transaction!');
  if (transaction.path !== name)
    return failed(otherTransaction(transaction.path, 'abort a transaction for', name));
  worker.transaction = undefined;
  return warned(`Transaction aborted for certificate '${name}'!`);
};

export const deleteCert: Command = ([name], { worker }) => {
  if (name === undefined) return failed("'del ssl cert' expects a certificate name");
  if (worker.transaction?.path === name)
    return failed(`Can't remove the certificate: ongoing transaction for the certificate '${name}'`);
  const found = worker.certificates.get(name);
  const cannot = "Can't remove the certificate: certificate";
  if (found === undefined) return failed(`${cannot} '${name}' doesn't exist!`);
  if (found.uses > 0) return failed(`${cannot} '${name}' in use, can't be deleted!`);
  worker.certificates.delete(name);
  return warned(`Certificate '${name}' deleted!`);
};

export const showCrtList: Command = (words, { worker }) => {
  const numbered = words[0] === '-n';
  const name = numbered ? words[1] : words[0];
  if (name === undefined) return shown([...worker.lists.keys()].map((path) => `${path}\n`).join(''));
  const list = worker.lists.get(name);
  if (list === undefined) return failed("didn't find the specified filename");
  const lines = list.entries.map(
    ({ certificate, line, filters }) =>
      `${certificate}${numbered ? `:${line}` : ''}${filters === '' ? '' : ` ${filters}`}\n`,
  );
  return shown(`# ${name}\n${lines.join('')}`);
};

export const addCrtList: Command = ([name = '', given, ...filters], { worker }, payload) => {
  const [certificate = '', ...more] = (payload ?? given ?? '').trim().split(/\s+/);
  const list = worker.lists.get(name);
  if (list === undefined) return failed(`Can't edit the crt-list: crt-list '${name}' does not exist!`);
  const found = worker.certificates.get(certificate);
  if (found?.pem === undefined) {
    const why = found === undefined ? 'does not exist!' : 'is empty!';
    return failed(`Can't edit the crt-list: certificate '${certificate}' ${why}`);
  }
  found.uses += 1;
  const line = Math.max(0, ...list.entries.map((each) => each.line)) + 1;
  list.entries.push({ certificate, line, filters: [...filters, ...more].join(' ') });
  return shown(`Inserting certificate '${certificate}' in crt-list '${name}'.\nSuccess!\n`);
};

export const deleteCrtList: Command = ([name = '', given = ''], { worker }): Answer => {
  const list = worker.lists.get(name);
  if (list === undefined) return failed(`Can't delete the entry: crt-list '${name}' does not exist!`);
  const [, certificate = '', line] = /^(.*?)(?::(\d+))?$/.exec(given) ?? [];
  const cannot = `Can't delete the entry: certificate '${certificate}'`;
  const found = worker.certificates.get(certificate);
  if (found?.pem === undefined)
    return failed(`${cannot} ${found === undefined ? 'does not exist!' : 'is empty!'}`);
  const at = list.entries.findIndex(
    (each) => each.certificate === certificate && (line === undefined || each.line === Number(line)),
  );
  if (at < 0) return failed(`${cannot} can't be found in crt-list '${name}'!`);
  if (at === 0)
    return failed(
      `${cannot} cannot be deleted, it is used as default certificate by the following frontends:`,
    );
  list.entries.splice(at, 1);
  found.uses -= 1;
  return warned(`Entry '${certificate}' deleted in crtlist '${name}'!`);
};
