/** The process's environment. It is read only here. */
export const environment = (): Readonly<Record<string, string | undefined>> => process.env;

/** The environment of child processes, without Pacer's own settings, which may contain credentials. */
export const childEnvironment = (): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:PACER_|MARATHON_|DCOS_|HAPROXY_SSL_CERT)/.test(name),
    ),
  );
