/** What older versions of Marathon write. */
import { describe, expect, it } from 'vitest';
import type { MarathonVersion } from '../../src/simulator/simulator.ts';
import { attachedStream, call, simulate } from './support.ts';

const bridged = {
  id: '/web',
  networks: [{ mode: 'container/bridge' }],
  container: { type: 'DOCKER', docker: { image: 'x' }, portMappings: [{ containerPort: 80, hostPort: 0 }] },
};

async function appOf(version: MarathonVersion, app: object) {
  const simulator = await simulate({ version });
  await simulator.deploy(app);
  return (await call(`${simulator.url}/v2/apps?embed=apps.tasks`, 'GET')).body.apps[0]!;
}

describe('Marathon 1.4', () => {
  it('has the network and the port mappings inside container.docker, and ports on the outside', async () => {
    const app = await appOf('1.4', bridged);
    expect(app.networks).toBeUndefined();
    expect(app.container.portMappings).toBeUndefined();
    expect(app.container.docker).toMatchObject({
      network: 'BRIDGE',
      portMappings: [{ containerPort: 80, hostPort: 0, servicePort: 10_000 }],
    });
    expect(app).toMatchObject({
      ports: [10_000],
      portDefinitions: [{ port: 10_000 }],
      ipAddress: null,
      cmd: null,
    });
    expect(app.healthChecks).toEqual([]);
  });

  it('has the network HOST', async () => {
    const app = await appOf('1.4', {
      id: '/web',
      container: { type: 'DOCKER', docker: { image: 'x', network: 'HOST' } },
    });
    expect(app.container.docker.network).toBe('HOST');
    expect(app.ports).toEqual([10_000]);
  });

  it('announces the ports of an app with an address for each task in ipAddress', async () => {
    const ipAddress = {
      networkName: 'dcos',
      discovery: { ports: [{ number: 80, name: 'http', protocol: 'tcp' }] },
    };
    const app = await appOf('1.4', { id: '/web', ipAddress, env: { SAMPLE: 'none' } });
    expect(app.ipAddress).toMatchObject(ipAddress);
    expect(app.ports).toBeUndefined();
    expect(app.tasks[0]!.ipAddresses).toHaveLength(1);
    expect(app.tasks[0]!.ports).toEqual([]);
  });
});

describe('Marathon 1.5', () => {
  it('has the shapes of today, and leaves empty lists of tasks out', async () => {
    const app = await appOf('1.5', bridged);
    expect(app.container.portMappings[0]).toMatchObject({ containerPort: 80, servicePort: 10_000 });
    const task = app.tasks[0]!;
    expect(task.id).toMatch(/^web\.[0-9a-f-]{36}$/);
    for (const key of ['healthCheckResults', 'servicePorts', 'localVolumes', 'region', 'role']) {
      expect(task).not.toHaveProperty(key);
    }
  });

  it('sends the whole group with each event of a deployment', async () => {
    const simulator = await simulate({ version: '1.5' });
    const stream = await attachedStream(simulator.url);
    await simulator.deploy(bridged);
    await stream.until(() => stream.events().some(({ eventType }) => eventType === 'deployment_success'));
    const info = stream.events().find(({ eventType }) => eventType === 'deployment_info');
    expect(info?.['plan']).toMatchObject({ original: { id: '/' }, target: { id: '/' } });
  });
});

describe('requests in the old shape', () => {
  it('are answered in the new one', async () => {
    const docker = {
      image: 'x',
      network: 'BRIDGE',
      portMappings: [{ containerPort: 80, servicePort: 10_777 }],
    };
    const app = await appOf('1.11', { id: '/web', container: { type: 'DOCKER', docker } });
    expect(app.networks).toEqual([{ mode: 'container/bridge' }]);
    expect(app.container.portMappings).toEqual([
      { containerPort: 80, hostPort: 0, labels: {}, protocol: 'tcp', servicePort: 10_777 },
    ]);
    expect(app.container.docker).not.toHaveProperty('network');
  });
});
