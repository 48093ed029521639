/** The direction of the design: main → cli → daemon → {marathon, render, haproxy, http, observe} → core. */
const adapters = '(marathon|render|haproxy|http|observe)';
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'rooms-do-not-import-each-other',
      comment:
        'Inside the large folders too, imports between rooms point one way. The simulator is not there yet.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/(core|marathon|haproxy|daemon|render|settings|cli|migration)/' },
      to: { circular: true },
    },
    {
      name: 'core-is-pure',
      comment: 'core/ imports only core/: no node:, no packages, no other folder.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'adapters-do-not-know-each-other',
      severity: 'error',
      from: { path: `^src/${adapters}/` },
      to: { path: `^src/${adapters}/`, pathNot: '^src/$1/' },
    },
    {
      name: 'adapters-look-down',
      severity: 'error',
      from: { path: `^src/${adapters}/` },
      to: { path: '^src/(cli|daemon|simulator|main\\.ts)' },
    },
    {
      name: 'the-simulator-stands-alone',
      comment: 'It is a Marathon: it imports nothing of the daemon.',
      severity: 'error',
      from: { path: '^src/simulator/' },
      to: { path: '^src/', pathNot: '^src/(simulator/|errors\\.ts)' },
    },
    {
      name: 'only-the-cli-starts-the-simulator',
      severity: 'error',
      from: { pathNot: '^src/(simulator|cli|demo)/' },
      to: { path: '^src/simulator/' },
    },
    {
      name: 'the-daemon-does-not-know-the-cli',
      severity: 'error',
      from: { path: '^src/daemon/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'settings-stand-low',
      severity: 'error',
      from: { path: '^src/settings/' },
      to: { path: '^src/', pathNot: '^src/(settings/|core/|errors\\.ts)' },
    },
    {
      name: 'the-migration-needs-no-daemon',
      comment:
        'migration/ reads what marathon-lb has; it knows the settings and the model, and nothing that runs.',
      severity: 'error',
      from: { path: '^src/migration/' },
      to: { path: '^src/', pathNot: '^src/(migration/|settings/|core/|errors\\.ts)' },
    },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
