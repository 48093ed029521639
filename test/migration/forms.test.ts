/** Every way in which people start marathon-lb: what is given is translated, or named as to be done by hand. */
import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../src/migration/command-line.ts';
import { planMigration } from '../../src/migration/plan.ts';

interface Plan {
  readonly settings: Record<string, unknown>;
  readonly byHand: readonly string[];
  /** All that is said of what was given. */
  readonly said: string;
  readonly command: string;
  readonly environment: readonly string[];
}

function plan(text: string, service?: string): Plan {
  const commandLine = readCommandLine(text, service);
  const { settings, remarks, command, environment } = planMigration({
    commandLine,
    environment: commandLine.environment,
  });
  return {
    settings: Object.fromEntries(settings),
    byHand: remarks.filter(({ attention }) => attention).map((it) => `${it.about}: ${it.text}`),
    said: remarks.map((it) => `${it.about}: ${it.text}`).join('\n'),
    command: command.join(' '),
    environment,
  };
}

const told = 'poll -m http://m:8080 --group external';
const expected = { marathon: ['http://m:8080'], group: ['external'], poll: true };

describe('an option of the container is not taken for the image', () => {
  test.each([
    '--name marathon-lb',
    '--name=marathon-lb',
    '-h marathon-lb',
    '-hmarathon-lb',
    '--hostname marathon-lb',
    '--network-alias marathon-lb',
    '--label com.example/marathon-lb',
    '--net-alias marathon-lb',
    '-dit --name marathon-lb',
    '-dh marathon-lb',
    '-w /marathon-lb',
    '--link marathon:marathon-lb --cidfile /run/marathon-lb',
    '--log-opt tag=x --log-opt marathon-lb',
    '--ulimit nofile=100000:100000 --cap-add NET_ADMIN --restart always --memory 1g -p 80:80 -P',
  ])('%s', (options) => {
    const { settings, byHand, said } = plan(
      `docker run ${options} -e POLL_INTERVAL=10 mesosphere/marathon-lb ${told}`,
    );
    expect(settings).toEqual({ 'poll-interval': 10, ...expected });
    expect(byHand).toEqual([]);
    // None of them is lost.
    for (const word of options.match(/--[a-z-]+/g) ?? []) expect(said).toContain(word);
  });

  test('nor is a value of a flag', () => {
    expect(plan('sse -m http://m:8080 --group marathon-lb')).toMatchObject({
      settings: { group: ['marathon-lb'] },
      byHand: [],
    });
  });
});

describe.each([
  ['docker', (inner: string) => `sudo -E docker --log-level warn run -d ${inner}`],
  ['docker container', (inner: string) => `/usr/bin/docker container run -d ${inner}`],
  [
    'a service of docker',
    (inner: string) => `docker service create --replicas 2 --with-registry-auth ${inner}`,
  ],
  ['podman', (inner: string) => `exec podman run --replace ${inner}`],
])('%s', (_, started) => {
  test('is read whatever the image is called, with a program before the words', () => {
    for (const image of ['reg.example:5000/lb:1.2', 'mesosphere/marathon-lb:v1.15.0', 'lb@sha256:abc'])
      for (const program of ['', 'run ', '/marathon-lb/run ', 'tini -g -- /marathon-lb/run '])
        expect(plan(started(`-e PORTS=9090 ${image} ${program}${told}`))).toMatchObject({
          settings: expected,
          byHand: [],
        });
  });

  test('without words means what the image runs by itself', () => {
    expect(plan(started('mesosphere/marathon-lb')).settings).toEqual({
      group: ['external'],
      'health-check': true,
    });
  });

  test('with a program of its own names it', () => {
    expect(plan(started('--entrypoint /start.sh lb poll --group x')).byHand).toContainEqual(
      expect.stringContaining('"/start.sh"'),
    );
    expect(plan(started(`--entrypoint /marathon-lb/run lb ${told}`))).toMatchObject({
      settings: expected,
      byHand: [],
    });
  });
});

test('an image of another name that is told nothing is named', () => {
  expect(plan('docker run -d nginx:1.27').byHand).toContainEqual(expect.stringContaining('nginx:1.27'));
  expect(plan('docker run -d $IMAGE').byHand.join()).not.toContain('nothing says');
});

describe('a script', () => {
  test('may have apostrophes in its comments', () => {
    const script = `#!/bin/sh\n# don't change this\ndocker run mesosphere/marathon-lb ${told} # it's the lb\necho done\n`;
    expect(plan(script)).toMatchObject({ settings: expected, byHand: [] });
  });

  test('may have # within a word', () => {
    expect(plan(`docker run -e MARATHON_PASSWORD=a#b mesosphere/marathon-lb ${told}`)).toMatchObject({
      settings: expected,
      byHand: [],
    });
    expect(plan('poll --group external#x --group "#y"').settings).toMatchObject({
      group: ['external#x', '#y'],
    });
  });

  test.each(["poll --group 'external", 'poll --group "external'])(
    'with a quote that is not closed is named: %s',
    (text) => {
      expect(plan(text).byHand).toContainEqual(expect.stringContaining('is not closed'));
    },
  );
});

describe('what is mounted', () => {
  const docker = (options: string) => plan(`docker run ${options} mesosphere/marathon-lb ${told}`);
  test.each([
    ['-v /etc/lb/templates:/marathon-lb/templates', '/etc/lb/templates'],
    ['-v/etc/lb/templates:/marathon-lb/templates:ro', '/etc/lb/templates'],
    ['--volume=/etc/lb/templates/:/marathon-lb/templates/', '/etc/lb/templates'],
    ['--mount type=bind,source=/etc/lb/t,target=/marathon-lb/templates,readonly', '/etc/lb/t'],
    ['--mount type=bind,src=/etc/lb/t,dst=/marathon-lb/templates', '/etc/lb/t'],
  ])('as templates is the folder of the settings: %s', (options, folder) => {
    const { settings, byHand, command } = docker(options);
    expect(settings['templates']).toBe(folder);
    expect(byHand).toEqual([]);
    expect(command).toContain(`--templates ${folder}`);
  });

  test.each([
    ['-v lbtemplates:/marathon-lb/templates', 'lbtemplates'],
    ['-v /etc/head:/marathon-lb/templates/HAPROXY_HEAD', '/etc/head'],
    ['-v ./templates:/marathon-lb/templates', './templates'],
    ['-v "$PWD/templates":/marathon-lb/templates', '${PWD}'],
    ['-v $(pwd)/templates:/marathon-lb/templates', '$(pwd)'],
    ['-v `pwd`/templates:/marathon-lb/templates', '`pwd`'],
    ['-v /opt/lb:/marathon-lb', '/opt/lb'],
    ['-v /opt/run:/marathon-lb/service/haproxy/run', '/opt/run'],
    ['--volumes-from config', '--volumes-from config'],
  ])('is to be looked at by hand where it is not such a folder: %s', (options, name) => {
    const { byHand } = docker(options);
    expect(byHand.join('\n')).toContain(name);
  });

  test('gives the paths of flags on the host', () => {
    const { settings, said } = plan(
      `docker run -v /etc/pki/lb:/etc/ssl/lb:ro -v /dev/log:/dev/log lb ${told} --ssl-certs /etc/ssl/lb/a.pem,/etc/ssl/b.pem`,
    );
    expect(settings['ssl-certs']).toEqual(['/etc/pki/lb/a.pem', '/etc/ssl/b.pem']);
    expect(said).toContain('/etc/pki/lb: is /etc/ssl/lb in the container');
    expect(said).toContain('/dev/log');
  });
});

describe('a variable', () => {
  const docker = (...variables: string[]) =>
    plan(`docker run ${variables.map((it) => `-e '${it}'`).join(' ')} lb ${told}`);

  test.each([
    ['POLL_INTERVL=10', 'did you mean POLL_INTERVAL?'],
    ['http_proxy=http://proxy:3128', 'neither marathon-lb nor Pacer reads it'],
    ['EMPTY=', 'neither marathon-lb nor Pacer reads it'],
    ['POLL_INTERVAL', 'not known here'],
    ['HAPROXY_SYSLOGD=true', '--syslog-socket'],
  ])('that is not understood is named: %s', (variable, words) => {
    const [name = ''] = variable.split('=');
    expect(docker(variable).byHand).toEqual([expect.stringMatching(new RegExp(`^${name}: .*`))]);
    expect(docker(variable).byHand[0]).toContain(words);
  });

  test('of the system, of a secret or without a use is no work', () => {
    const { byHand, environment } = docker(
      ...['TZ=UTC', 'PATH=/bin', 'MARATHON_PASSWORD', 'PORTS=9090', 'HAPROXY_SYSLOGD=false'],
      ...['HAPROXY_SYSCTL_NONSTRICT=1', 'HAPROXY_SSL_CERT='],
    );
    expect(byHand).toEqual([]);
    expect(environment).toEqual(['MARATHON_PASSWORD']);
  });

  test('that is a setting is one of the command too', () => {
    expect(docker('POLL_INTERVAL=7', 'HAPROXY_RELOAD_SIGTERM_DELAY=5', 'PACER_STATS_PORT=9190').command).toBe(
      'pacer poll --poll-interval 7 --hard-stop-after 5s --stats-port 9190 --marathon http://m:8080 --group external',
    );
  });

  test('of the shell that is not known is named, and one that is known is used', () => {
    expect(plan('docker run --name $NAME lb sse --group x -m "http://$MASTER:8080"').byHand).toEqual([
      'the command line: `${MASTER}` is filled in where it is started; write its value instead',
    ]);
    expect(plan('MASTER=m1\ndocker run lb sse --group x -m "http://$MASTER:8080"')).toMatchObject({
      settings: { marathon: ['http://m1:8080'] },
      byHand: [],
    });
    expect(plan("sse --group x --command 'echo $HOME'")).toMatchObject({
      settings: { command: 'echo $HOME' },
      byHand: [],
    });
  });
});

test('of a script every command is told', () => {
  const { settings, byHand, said } = plan(`#!/bin/bash
# Our load balancer.
set -e
docker pull mesosphere/marathon-lb
docker rm -f marathon-lb || true
modprobe ip_tables
docker run -d --name marathon-lb \\
  -e HAPROXY_BACKEND_HEAD="backend {backend}
  balance {balance}" mesosphere/marathon-lb ${told} > /var/log/lb 2>&1
`);
  expect(settings).toEqual(expected);
  expect(byHand).toEqual([
    expect.stringContaining('`>`'),
    expect.stringContaining('`>&`'),
    expect.stringContaining('`modprobe ip_tables`'),
  ]);
  expect(said).toContain('docker pull mesosphere/marathon-lb');
});

const rkt = (image: string, program = '') => `rkt run --net=host --dns host --hosts-entry=host \\
  --set-env=PORTS=9090,9091 --set-env POLL_INTERVAL=5 \\
  --volume tpl,kind=host,source=/etc/lb/t,readOnly=true --mount volume=tpl,target=/marathon-lb/templates \\
  ${image} ${program} -- ${told}`;

test('rkt', () => {
  const { settings, byHand, said } = plan(
    rkt('docker://mesosphere/marathon-lb:v1.4.2', '--exec /marathon-lb/run'),
  );
  expect(settings).toEqual({ 'poll-interval': 5, ...expected, templates: '/etc/lb/t' });
  expect(byHand).toEqual([]);
  expect(said).toContain('--dns host');
  expect(plan(rkt('docker://lb', '--exec=/my/start')).byHand[0]).toContain('"/my/start"');
  expect(plan(rkt('docker://lb').replace('--net=host', '--inherit-env')).byHand[0]).toContain(
    '--inherit-env',
  );
});

describe('a unit of systemd', () => {
  const unit = (...service: string[]) =>
    `[Unit]\nDescription=Load balancer\nAfter=docker.service\n\n[Service]\nRestart=always\n${service.join('\n')}\n[Install]\nWantedBy=multi-user.target\n`;

  test('that starts a container', () => {
    const { settings, byHand, said } = plan(
      unit(
        'Environment=IMG=mesosphere/marathon-lb:v1.15.0 "MASTER=http://m:8080"',
        'ExecStartPre=-/usr/bin/docker kill %p',
        'ExecStartPre=/usr/bin/docker pull ${IMG}',
        'ExecStart=/usr/bin/sh -c "docker run --name %p -e POLL_INTERVAL=3 ${IMG} \\\n  poll -m ${MASTER} --group external"',
        'ExecStop=/usr/bin/docker stop -t 5 %p',
      ),
    );
    expect(settings).toEqual({ 'poll-interval': 3, ...expected });
    expect(byHand).toEqual([]);
    for (const key of ['Restart=always', 'ExecStop=', 'WantedBy=', '--name %p']) expect(said).toContain(key);
  });

  test('that runs rkt', () => {
    const start = rkt('docker://mesosphere/marathon-lb');
    expect(plan(unit(`ExecStart=/usr/bin/${start}`))).toMatchObject({
      settings: { ...expected, templates: '/etc/lb/t' },
      byHand: [],
    });
  });

  test('that runs the program itself has its variables in the environment', () => {
    const start = 'ExecStart=/opt/marathon-lb/marathon_lb.py --sse -m http://m:8080 --group external';
    const { settings, byHand } = plan(
      unit(start, 'Environment=SYSLOG_SOCKET=/dev/log', 'ExecReload=/bin/kill -HUP $MAINPID'),
    );
    expect(settings).toEqual({
      'syslog-socket': '/dev/log',
      marathon: ['http://m:8080'],
      group: ['external'],
    });
    expect(byHand).toEqual([expect.stringContaining('ExecReload=')]);
    expect(readCommandLine(unit(start, 'EnvironmentFile=-/etc/lb.env')).environmentFiles).toEqual([
      '/etc/lb.env',
    ]);
  });

  test('whose values depend on where it runs, or that has nothing to start, says so', () => {
    expect(plan(unit(`ExecStart=docker run lb sse --group x -m http://%H:8080`)).byHand[0]).toContain('`%H`');
    expect(plan(unit('Type=simple')).byHand.join()).toContain('no ExecStart');
  });
});

describe('a compose file', () => {
  test('in its long and its short forms', () => {
    const { settings, byHand, said } = plan(`
version: '3.8'
x-lb: &lb
  image: mesosphere/marathon-lb:v1.15.0
  restart: unless-stopped
services:
  zookeeper:
    image: zookeeper
  lb:
    <<: *lb
    container_name: marathon-lb
    network_mode: host
    environment:
      PORTS: 9090
      POLL_INTERVAL: 10
    volumes:
      - /etc/lb/t:/marathon-lb/templates:ro
      - type: bind
        source: /etc/pki
        target: /etc/ssl
    command: [poll, -m, 'http://m:8080', --group, external]
`);
    expect(settings).toEqual({ 'poll-interval': 10, ...expected, templates: '/etc/lb/t' });
    expect(byHand).toEqual([]);
    for (const key of ['container_name', 'network_mode', 'restart', 'service zookeeper'])
      expect(said).toContain(key);
  });

  const two = `
services:
  inner: {image: mesosphere/marathon-lb, command: sse -m http://m:8080 --group internal}
  outer: {image: mesosphere/marathon-lb, command: sse -m http://m:8080 --group external}
`;
  test('with two of them asks which, and reads the one that is named', () => {
    expect(plan(two).byHand).toEqual([expect.stringContaining('--service outer')]);
    expect(plan(two, 'outer').settings).toMatchObject({ group: ['external'] });
    expect(plan(two, 'none').byHand[0]).toContain('none of the services inner, outer is none');
  });

  test('of the first version, with values of where it is called', () => {
    const { settings, byHand } = plan(`
lb:
  image: mesosphere/marathon-lb
  command: "poll -m http://\${MASTER:-m}:8080 --group external"
  env_file: lb.env
  environment:
    - MARATHON_PASSWORD
    - HAPROXY_SSL_CERT0=a$$b
  volumes: ["./templates:/marathon-lb/templates"]
  extends: {service: base}
`);
    expect(settings).toMatchObject({ group: ['external'], poll: true });
    expect(byHand.join('\n')).toMatch(/extends[^]*\$\{MASTER:-m\}[^]*\.\/templates/);
  });
});

describe('an app of Marathon', () => {
  const app = {
    id: '/marathon-lb',
    instances: 2,
    cpus: 2,
    acceptedResourceRoles: ['slave_public'],
    container: {
      type: 'DOCKER',
      docker: {
        image: 'mesosphere/marathon-lb:v1.15.0',
        network: 'HOST',
        privileged: true,
        parameters: [
          { key: 'label', value: 'created_by=marathon' },
          { key: 'volume', value: '/etc/lb/t:/marathon-lb/templates' },
        ],
      },
    },
    healthChecks: [{ protocol: 'MESOS_HTTP', path: '/_haproxy_health_check', portIndex: 2 }],
    args: ['poll', '-m', 'http://m:8080', '--haproxy-map', '--group', 'external'],
    env: {
      DCOS_SERVICE_ACCOUNT_CREDENTIAL: { secret: 'serviceCredential' },
      HAPROXY_GLOBAL_DEFAULT_OPTIONS: 'redispatch,http-server-close,dontlognull',
      HAPROXY_SSL_CERT: '',
      HAPROXY_SYSCTL_PARAMS: 'net.ipv4.tcp_tw_reuse=1',
    },
    secrets: { serviceCredential: { source: 'lb/secret' } },
    ports: [80, 443, 9090, 9091],
    requirePorts: true,
  };
  const whole = {
    ...expected,
    'default-options': ['redispatch', 'http-server-close', 'dontlognull'],
    templates: '/etc/lb/t',
  };

  test.each<[string, unknown]>([
    ['as it is', app],
    ['as Marathon answers', { app }],
    ['in a list of them', { apps: [{ id: '/web', cmd: 'x' }, app] }],
    ['in a group', { id: '/', groups: [{ id: '/lb', apps: [app] }], apps: [] }],
    ['with a command instead', { ...app, args: null, cmd: `/marathon-lb/run ${app.args.join(' ')}` }],
  ])('%s', (_, document) => {
    const { settings, byHand, environment, said } = plan(JSON.stringify(document));
    expect(settings).toEqual(whole);
    expect(byHand).toEqual([]);
    expect(environment).toEqual(['HAPROXY_SYSCTL_PARAMS', 'DCOS_SERVICE_ACCOUNT_CREDENTIAL']);
    for (const key of [
      'acceptedResourceRoles',
      'healthChecks',
      'secrets',
      '--label created_by=marathon',
      'privileged',
    ])
      expect(said).toContain(key);
  });

  test('what it fetches is to be looked at by hand', () => {
    const uri = 'https://files.example/templates.tgz';
    expect(plan(JSON.stringify({ ...app, uris: [uri] })).byHand).toEqual([expect.stringContaining(uri)]);
    expect(plan(JSON.stringify({ ...app, fetch: [{ uri }] })).byHand).toEqual([expect.stringContaining(uri)]);
  });

  test('its volumes are mounts', () => {
    const volumes = [{ hostPath: '/srv/t', containerPath: '/marathon-lb/templates', mode: 'RO' }];
    const container = { type: 'MESOS', docker: { image: 'mesosphere/marathon-lb' }, volumes };
    expect(plan(JSON.stringify({ ...app, container })).settings).toMatchObject({ templates: '/srv/t' });
  });

  test('JSON that is none, or no app, is an error that says what is wanted', () => {
    expect(() => plan('{"id": {{name}}}')).toThrow(/looks like an app of Marathon and is not JSON/);
    expect(() => plan('{"a": 1}')).toThrow(/neither an app of Marathon/);
  });
});

test('certificates of variables and of --ssl-certs are not lost in one another', () => {
  const lb = (options: string, more: string) => plan(`docker run ${options} lb ${told} ${more}`).byHand;
  expect(lb('-e HAPROXY_SSL_CERT=pem', '--ssl-certs /etc/ssl/a.pem')).toEqual([
    expect.stringContaining('/etc/ssl/cert.pem'),
  ]);
  expect(lb('-e HAPROXY_SSL_CERT', '--ssl-certs /etc/ssl/a.pem')).toHaveLength(1);
  expect(lb('-e HAPROXY_SSL_CERT=pem', '')).toEqual([]);
});

test('what is named of other commands holds no secret', () => {
  const { said } = plan(`export MARATHON_PASSWORD=hunter2
docker run -e TOKEN=hunter2 --rm other curl http://bob:hunter2@m:8080
docker run -e MARATHON_PASSWORD=hunter2 mesosphere/marathon-lb ${told}`);
  expect(said).not.toContain('hunter2');
  expect(said).toContain('MARATHON_PASSWORD');
});
