import assert from 'node:assert/strict'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { version } from '../../src/version.ts'
import type { SystemdMachine } from '../e2e/peers/systemd.ts'

/** What packages for Linux bring. */
export const unit = 'postern-gateway.service'

/**
 * What somebody does between the installation of a package and the first start of the gateway. Resolves to what they have
 * written into the configuration.
 */
async function configureGateway(machine: SystemdMachine): Promise<string> {
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['ssh.example.com'])
  const configuration = [
    'address: 127.0.0.1:0',
    'certificate_file: secrets/cert.pem',
    'certificate_key_file: secrets/key.pem',
    'routes:',
    '  - from: tcp+https://ssh.example.com:22',
    '    to: tcp://127.0.0.1:22',
    '    allow_public_unauthenticated_access: true',
    '',
  ].join('\n')
  await machine.write('/etc/postern/postern.yaml', configuration)
  await machine.write('/etc/postern/secrets/cert.pem', cert)
  await machine.write('/etc/postern/secrets/key.pem', key, 0o400)
  await machine.must('chown', 'postern', '/etc/postern/secrets/key.pem')
  await machine.write('/etc/postern/idp-client-secret', 'a secret', 0o600)
  return configuration
}

/** Starts it, and resolves once it takes connections. */
async function startGateway(machine: SystemdMachine): Promise<void> {
  await machine.must('systemctl', 'enable', '--now', unit)
  await machine.until(unit, { ActiveState: 'active' })
  await machine.journal(unit).says(/"message":"listening"/)
}

export function show(machine: SystemdMachine, properties: string): Promise<string> {
  return machine.must('systemctl', 'show', `--property=${properties}`, unit)
}

/** After an installation nothing of it runs, and there is what it needs to. */
export async function assertInstalled(machine: SystemdMachine): Promise<void> {
  const at = ['/var/lib/postern', '/etc/postern/secrets', '/etc/postern/postern.yaml']
  assert.deepEqual(
    [
      await show(machine, 'ActiveState,UnitFileState'),
      await machine.must('/usr/bin/postern', '--version'),
      await machine.must('stat', '--format=%a %U %G', ...at),
      (await machine.must('getent', 'passwd', 'postern')).split(':').slice(-2).join(':'),
    ],
    [
      'ActiveState=inactive\nUnitFileState=disabled\n',
      `postern ${version}\n`,
      '700 postern postern\n750 root postern\n644 root root\n',
      '/var/lib/postern:/usr/sbin/nologin\n',
    ],
  )
}

/** A gateway that runs goes on as what `upgrade` installs, with its configuration. Resolves to what `upgrade` says. */
export async function assertUpgraded(
  machine: SystemdMachine,
  upgrade: () => Promise<string>,
): Promise<string> {
  const configuration = await configureGateway(machine)
  await startGateway(machine)
  const before = await show(machine, 'MainPID')
  const said = await upgrade()
  assert.doesNotMatch(said, /systemctl enable/)
  assert.notEqual(await show(machine, 'MainPID'), before)
  // It has read its configuration, and not only begun.
  await machine.journal(unit).says(/"message":"listening"[^]*"message":"listening"/)
  await machine.until(unit, { ActiveState: 'active' })
  assert.equal(await machine.read('/etc/postern/postern.yaml'), configuration)
  return said
}

/** A gateway whose configuration the next program does not take goes on as it was, and whoever upgrades is told. */
export async function assertLeftRunning(
  machine: SystemdMachine,
  upgrade: () => Promise<string>,
): Promise<void> {
  const path = '/etc/postern/postern.yaml'
  const configuration = await machine.read(path)
  const before = await show(machine, 'MainPID,ActiveState')
  assert.match(before, /^MainPID=[1-9]\d*\nActiveState=active$/m)
  await machine.write(path, `${configuration}colour: red\n`)
  const said = await upgrade()
  assert.match(said, /postern\.yaml:\d+:1: colour: unknown key\n/)
  assert.match(said, /goes on as the version before.*\n.*systemctl restart postern-gateway\n/)
  assert.equal(await show(machine, 'MainPID,ActiveState'), before)
  await machine.write(path, configuration)
}

/** After a removal the program is gone, and what was made with it is not. */
export async function assertKept(machine: SystemdMachine, configuration: string): Promise<void> {
  await machine.until(unit, { ActiveState: 'inactive', LoadState: 'not-found' })
  assert.equal((await machine.run('test', ['-e', '/usr/bin/postern'])).ending, 1)
  await machine.must('test', '-s', configuration)
  await machine.must('test', '-s', '/etc/postern/secrets/key.pem')
  await machine.must('test', '-s', '/var/lib/postern/postern.db')
  await machine.must('id', 'postern')
}
