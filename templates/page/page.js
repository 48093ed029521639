// The status page: asks /status every two seconds and the lists when something changed. Text only ever becomes text.
const byId = (id) => document.getElementById(id);
const few = { wrong: 10, apps: 50 };
const shown = { wrong: few.wrong, apps: few.apps };
let token = sessionStorage.getItem('token') ?? '';
let status,
  apps = [],
  revisions = [],
  listsOf;

const problems = { unauthorized: Symbol('unauthorized') };

async function ask(path) {
  const response = await fetch(path, { headers: token === '' ? {} : { Authorization: `Bearer ${token}` } });
  if (response.status === 401) throw problems.unauthorized;
  const body = await response.json();
  if (!response.ok) throw new Error(body.message ?? `${path} answers ${response.status}`);
  return body;
}

/** An element: its class, and texts or elements inside. */
function make(tag, className, ...inside) {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...inside.filter((it) => it !== undefined && it !== ''));
  return element;
}

function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}
const ago = (at) => `${duration((Date.now() - new Date(at)) / 1000)} ago`;
const counted = (count, noun) => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

function appLink(id) {
  const link = make('button', 'link id', id);
  link.type = 'button';
  link.addEventListener('click', () => explain(id));
  return link;
}

function facts(card, entries) {
  const list = byId(card).querySelector('dl');
  list.replaceChildren(
    ...entries.flatMap(([name, value, look = '']) => [make('dt', '', name), make('dd', look, value)]),
  );
}

function list(id, texts) {
  byId(id).hidden = texts.length === 0;
  byId(id).replaceChildren(...texts.map((text) => make('li', '', text)));
}

function more(id, total, step, draw) {
  const button = byId(`${id}-more`);
  button.hidden = total <= shown[id];
  button.textContent = `Show ${Math.min(step, total - shown[id])} more of ${total.toLocaleString('en')}`;
  button.onclick = () => {
    shown[id] += step;
    draw();
  };
}

/** What was done, in words. */
function planText({ plan, result }) {
  if (result.kind === 'failed') return `${result.stage} failed: ${result.message}`;
  if (plan.kind === 'reload')
    return `reload: ${plan.reasons
      .map(({ code, backends, detail }) => {
        const [first, ...rest] = backends;
        const about =
          detail ??
          (first === undefined ? '' : `${first}${rest.length > 0 ? ` and ${rest.length} more` : ''}`);
        return `${code.replaceAll('-', ' ')}${about === '' ? '' : ` (${about})`}`;
      })
      .join(', ')}`;
  if (plan.kind === 'none') return 'nothing to do';
  const parts = [
    plan.added > 0 && `${counted(plan.added, 'server')} came`,
    plan.removed > 0 && `${counted(plan.removed, 'server')} went`,
    plan.stateChanged > 0 && `${counted(plan.stateChanged, 'server')} changed state`,
    plan.files.length > 0 && `${plan.files.join(', ')} changed`,
  ].filter(Boolean);
  return `no reload: ${parts.join(', ')}`;
}

const took = ({ eventToAppliedMs, durations }) =>
  `${Math.round(eventToAppliedMs ?? Object.values(durations).reduce((sum, it) => sum + it, 0))} ms`;

const stateLooks = { ready: 'good', degraded: 'warn', 'not ready': 'bad' };

function drawStatus() {
  const {
    pacer,
    state,
    why,
    concerns,
    notes = [],
    marathon,
    haproxy,
    services,
    servers,
    lastChange,
  } = status;
  byId('pill').textContent = state;
  byId('pill').className = `pill ${stateLooks[state]}`;
  document.title = state === 'ready' ? 'Pacer' : `Pacer: ${state}`;
  byId('about').textContent = `${pacer.version}, up ${duration(pacer.uptimeSeconds)}`;
  list('why', why);
  list('concerns', concerns);
  list(
    'notes',
    notes.filter((note) => !concerns.includes(note)),
  );
  facts('marathon', [
    ['events', marathon.connected ? 'connected' : 'not connected', marathon.connected ? 'good' : 'bad'],
    ['node', (marathon.leader ?? marathon.endpoint ?? 'none').replace(/^http:\/\//, '')],
    [
      'confirmed',
      marathon.confirmationAgeSeconds === null ? 'never' : `${duration(marathon.confirmationAgeSeconds)} ago`,
    ],
    ['has', `${counted(marathon.apps, 'app')}, ${counted(marathon.tasks, 'task')}`],
  ]);
  const { running } = haproxy;
  facts('haproxy', [
    [
      'runs',
      haproxy.inSync ? 'the desired configuration' : 'another configuration',
      haproxy.inSync ? 'good' : 'bad',
    ],
    ['version', running?.version ?? (lastChange === null ? 'not asked yet' : 'does not answer')],
    ['mode', haproxy.mode],
    ...(running === null
      ? []
      : [
          [
            'reloads',
            `${running.reloads}${running.oldWorkers.length > 0 ? `, ${counted(running.oldWorkers.length, 'old worker')}` : ''}`,
          ],
        ]),
  ]);
  const count = (severity) => status.diagnostics.filter((it) => it.severity === severity).length;
  facts('traffic', [
    ['services', services.toLocaleString('en')],
    ['servers', servers.toLocaleString('en')],
    ['errors', `${count('error')}`, count('error') > 0 ? 'bad' : ''],
    ['warnings', `${count('warning')}`, count('warning') > 0 ? 'warn' : ''],
  ]);
  facts(
    'change',
    lastChange === null
      ? [['none', 'yet']]
      : [
          ['when', ago(lastChange.at)],
          ['what', planText(lastChange), lastChange.result.kind === 'failed' ? 'bad' : ''],
          ['cause', lastChange.cause],
          ['took', took(lastChange)],
        ],
  );
}

const ranks = { error: 0, warning: 1, notice: 2 };
const looks = { error: 'bad', warning: 'warn', notice: 'quiet' };

function wrongItem({ severity, appId, portIndex, label, reason, remedy, code }) {
  const place = label ?? (portIndex === undefined ? '' : `port ${portIndex}`);
  return make(
    'li',
    '',
    make(
      'p',
      '',
      make('strong', looks[severity], severity),
      ' ',
      appLink(appId),
      ' ',
      make('code', '', place),
    ),
    make('p', '', reason),
    make('p', 'quiet', remedy, code === undefined ? '' : ` [${code}]`),
  );
}

function drawWrong() {
  const all = [...status.diagnostics].sort((a, b) => ranks[a.severity] - ranks[b.severity]);
  byId('wrong-count').textContent = all.length === 0 ? '' : all.length.toLocaleString('en');
  byId('wrong').replaceChildren(
    ...(all.length === 0
      ? [
          make(
            'li',
            status.marathon.confirmationAgeSeconds === null ? 'quiet' : 'good',
            status.marathon.confirmationAgeSeconds === null
              ? 'Not known before Marathon has answered.'
              : 'Nothing: every exposed app is served as its labels ask.',
          ),
        ]
      : all.slice(0, shown.wrong).map(wrongItem)),
  );
  more('wrong', all.length, 50, drawWrong);
}

const stateOf = ({ services, reason, instances }) => {
  if (services.length === 0) return { rank: 3, look: 'quiet', text: `not exposed: ${reason}` };
  if (services.some(({ serving }) => !serving)) return { rank: 0, look: 'bad', text: 'rejected' };
  const fewest = Math.min(...services.map(({ ready }) => ready));
  if (fewest === 0)
    return {
      rank: instances === 0 ? 2 : 0,
      look: instances === 0 ? 'quiet' : 'bad',
      text: instances === 0 ? 'scaled to zero' : 'no server',
    };
  if (fewest < instances) return { rank: 1, look: 'warn', text: `${fewest} of ${instances}` };
  return { rank: 2, look: 'good', text: 'serving' };
};

const placesOf = ({ services }) =>
  services.flatMap(({ vhosts, path, servicePort }) =>
    vhosts.length === 0
      ? [`:${servicePort}`]
      : vhosts.flatMap((host) => (path === null ? [host] : path.paths.map((it) => `${host}${it}`))),
  );

function appRow(app) {
  const state = stateOf(app);
  const places = placesOf(app);
  const ready = app.services.reduce((sum, it) => sum + it.ready, 0);
  const rest = places.length > 3 ? ` and ${places.length - 3} more` : '';
  return make(
    'tr',
    '',
    make('td', '', appLink(app.id)),
    make('td', 'id', `${places.slice(0, 3).join(', ')}${rest}`),
    make('td', 'number', app.services.length === 0 ? '' : `${counted(ready, 'server')}`),
    make('td', state.look, state.text),
  );
}

function drawApps() {
  const wanted = byId('filter').value.trim().toLowerCase();
  const found = apps
    .filter((app) =>
      `${app.id} ${placesOf(app).join(' ')} ${app.services.map((it) => `:${it.servicePort}`).join(' ')}`
        .toLowerCase()
        .includes(wanted),
    )
    .map((app) => ({ app, rank: stateOf(app).rank }))
    .sort((a, b) => a.rank - b.rank);
  byId('apps-count').textContent =
    `${found.length.toLocaleString('en')}${wanted === '' ? '' : ` of ${apps.length.toLocaleString('en')}`}`;
  const rows = found.slice(0, shown.apps).map(({ app }) => appRow(app));
  const none = make(
    'td',
    'quiet',
    apps.length === 0
      ? status.marathon.confirmationAgeSeconds === null
        ? 'Not known before Marathon has answered.'
        : 'Marathon has no apps.'
      : 'No app is like that.',
  );
  none.colSpan = 4;
  byId('apps').tBodies[0].replaceChildren(...(rows.length === 0 ? [make('tr', '', none)] : rows));
  more('apps', found.length, 200, drawApps);
}

function drawChanges() {
  const rows = revisions
    .slice(0, 15)
    .map((entry) =>
      make(
        'tr',
        '',
        make('td', 'number', ago(entry.at)),
        make('td', entry.result.kind === 'failed' ? 'bad' : '', planText(entry)),
        make('td', 'id', entry.cause),
        make('td', 'number', took(entry)),
      ),
    );
  const none = make('td', 'quiet', 'None yet.');
  none.colSpan = 4;
  byId('changes').tBodies[0].replaceChildren(...(rows.length === 0 ? [make('tr', '', none)] : rows));
}

const verdictLooks = {
  wins: 'good',
  depends: 'warn',
  loses: 'quiet',
  rejected: 'bad',
  'not-exposed': 'warn',
};
const adminLooks = { ready: 'good', drain: 'warn', maint: 'warn', out: 'bad' };

function rowsTable(rows) {
  const body = make('tbody', '', ...rows.map((cells) => make('tr', '', ...cells)));
  return make('table', '', body);
}

function drawExplanation(answer) {
  const { subject, served, hints, candidates, services, diagnostics, configuration } = answer;
  const parts = [make('p', 'id', subject), make('p', `answer ${served ? 'good' : 'bad'}`, answer.answer)];
  for (const hint of hints) parts.push(make('p', 'quiet', hint));
  if (candidates.length > 0) {
    const row = ({ verdict, appId, portIndex, claim, reason }) => [
      make('td', verdictLooks[verdict], verdict.replace('-', ' ')),
      make('td', '', appLink(appId), ` port ${portIndex}`),
      make('td', 'id', claim),
      make('td', '', reason),
    ];
    parts.push(make('h3', '', 'Who claims it'), rowsTable(candidates.map(row)));
  }
  for (const { appId, portIndex, backend, serving, reason, guards, tasks, servers } of services) {
    parts.push(
      make('h3', '', `${appId} port ${portIndex}${backend === undefined ? '' : `: backend ${backend}`}`),
    );
    if (!serving) parts.push(make('p', 'bad', `not served: ${reason}`));
    for (const guard of guards)
      parts.push(
        make(
          'p',
          'quiet',
          `${guard.labels.join(', ')} of ${guard.appId} port ${guard.portIndex} hold for ${guard.places.join(', ')}`,
        ),
      );
    const address = new Map(servers.map((it) => [it.taskId, `${it.address}:${it.port}`]));
    const row = (task) => [
      make('td', adminLooks[task.admin] ?? '', task.admin),
      make('td', 'id', address.get(task.taskId) ?? ''),
      make('td', 'id', task.taskId),
      make('td', '', task.reason),
    ];
    parts.push(tasks.length === 0 ? make('p', 'quiet', 'It has no task.') : rowsTable(tasks.map(row)));
  }
  if (diagnostics.length > 0)
    parts.push(make('h3', '', 'What is wrong'), make('ul', 'wrong', ...diagnostics.map(wrongItem)));
  if (configuration.length > 0) {
    const blocks = configuration.flatMap(({ file, line, text }) => [
      make('p', 'quiet', `${file}:${line}`),
      make('pre', '', text),
    ]);
    parts.push(make('details', '', make('summary', '', 'Configuration'), ...blocks));
  }
  byId('explanation').replaceChildren(...parts);
}

async function explain(question) {
  byId('question').value = question;
  // The answer can be sent to somebody.
  history.replaceState(null, '', `#${encodeURIComponent(question)}`);
  try {
    drawExplanation(await ask(`/explain?q=${encodeURIComponent(question)}`));
  } catch (error) {
    byId('explanation').replaceChildren(
      make('p', 'bad', error === problems.unauthorized ? 'the token is not taken' : error.message),
    );
  }
  byId('ask-title').scrollIntoView({ block: 'start', behavior: 'smooth' });
}

async function refresh() {
  try {
    status = await ask('/status');
    const now = JSON.stringify([
      status.lastChange?.at,
      status.marathon.apps,
      status.marathon.tasks,
      status.diagnostics.length,
      status.haproxy.inSync,
    ]);
    if (now !== listsOf) {
      [apps, revisions] = await Promise.all([ask('/apps'), ask('/revisions')]);
      drawApps();
      drawWrong();
      listsOf = now;
    }
    drawStatus();
    drawChanges();
    byId('content').hidden = false;
    byId('trouble').hidden = byId('login').hidden = true;
  } catch (error) {
    byId('login').hidden = error !== problems.unauthorized;
    byId('content').hidden = error === problems.unauthorized;
    byId('trouble').hidden = error === problems.unauthorized;
    byId('trouble').textContent = `Pacer does not answer (${error.message ?? ''}); what is below may be old.`;
    byId('pill').textContent = error === problems.unauthorized ? 'needs a token' : 'no answer';
    byId('pill').className = 'pill warn';
  }
}

byId('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  const question = byId('question').value.trim();
  if (question !== '') void explain(question);
});
byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = byId('token').value.trim();
  sessionStorage.setItem('token', token);
  void refresh();
});
byId('filter').addEventListener('input', () => {
  shown.apps = few.apps;
  drawApps();
});

await refresh();
if (location.hash.length > 1) void explain(decodeURIComponent(location.hash.slice(1)));
setInterval(() => {
  if (!document.hidden) void refresh();
}, 2000);
