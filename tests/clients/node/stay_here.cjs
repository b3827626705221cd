// Loaded before every Node client: nothing beyond this machine is reached, and what was tried is written down.
const dns = require('node:dns');
const fs = require('node:fs');
const net = require('node:net');
const { promisify } = require('node:util');

const HERE = new Set(['127.0.0.1', '::1', 'localhost']);

function refuse(what) {
  fs.appendFileSync(process.env.OUTSIDE_LOG, `${what} by ${process.argv.slice(1, 4).join(' ')}\n`);
  return Object.assign(new Error(`${what} is beyond this machine`), { code: 'ENOTFOUND' });
}

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  const host = typeof options === 'object' ? options.path ?? options.host ?? 'localhost' : (given[1] ?? 'localhost');
  if (typeof host === 'string' && !host.startsWith('/') && !HERE.has(host)) {
    process.nextTick(() => this.destroy(refuse(`connecting to ${host}`)));
    return this;
  }
  return connect.apply(this, given);
};

function watched(ask) {
  return async (host, ...rest) => {
    if (HERE.has(host)) return ask(host, ...rest);
    throw refuse(`asking for the address of ${host}`);
  };
}

for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveCname']) {
  const ask = dns[name];
  dns[name] = (host, ...rest) => {
    if (HERE.has(host)) return ask(host, ...rest);
    const error = refuse(`asking for the address of ${host}`);
    return process.nextTick(() => rest.at(-1)(error));
  };
  dns.promises[name] = watched(dns.promises[name].bind(dns.promises));
  dns[name][promisify.custom] = dns.promises[name];
}
