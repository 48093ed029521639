/** Loaded into a daemon before its own code (NODE_OPTIONS=--require): the DNS server of a test instead of the machine's. */
const dns = require('node:dns');

const { Resolver } = dns.promises;
dns.promises.Resolver = class extends Resolver {
  constructor(...given) {
    super(...given);
    this.setServers([process.env.OWN_DNS]);
  }
};
