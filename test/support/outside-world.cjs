/**
 * Loaded into a daemon before its own code (NODE_OPTIONS=--require): a clock that a test can move, and names that
 * a test can make known and take away. The file named by OUTSIDE_WORLD says how things are; it is looked at often.
 */
const { readFileSync } = require('node:fs');
const dns = require('node:dns');

const file = process.env.OUTSIDE_WORLD;
let world = { clockMs: 0, names: {} };
const look = () => {
  try {
    world = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // It is being written.
  }
};
look();
setInterval(look, 20).unref();

const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + world.clockMs);
    else super(...given);
  }
  static now() {
    return RealDate.now() + world.clockMs;
  }
};

const isTestName = (name) => name.endsWith('.test');
const unknown = (name) =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
    code: 'ENOTFOUND',
    syscall: 'getaddrinfo',
    hostname: name,
  });

const { lookup } = dns;
dns.lookup = (name, options, callback) => {
  const done = callback ?? options;
  if (!isTestName(name)) return lookup(name, options, callback);
  const address = world.names[name];
  process.nextTick(() => {
    if (address === undefined) done(unknown(name));
    else if (typeof options === 'object' && options.all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  });
};
const { lookup: lookupLater } = dns.promises;
dns.promises.lookup = async (name, options) => {
  if (!isTestName(name)) return lookupLater(name, options);
  const address = world.names[name];
  if (address === undefined) throw unknown(name);
  return options?.all ? [{ address, family: 4 }] : { address, family: 4 };
};
