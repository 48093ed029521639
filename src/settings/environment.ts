/** The process's environment: read here and nowhere else. */
export const environment = (): Readonly<Record<string, string | undefined>> => process.env;

/** What a child process gets: not Pacer's own settings, which may hold credentials. */
export const childEnvironment = (): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:PACER_|MARATHON_|DCOS_|HAPROXY_SSL_CERT)/.test(name),
    ),
  );
