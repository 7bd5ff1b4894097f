import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDeb, type DebOptions } from '../../scripts/package/debian/deb.ts'
import { builtExecutable } from '../../scripts/package/executable.fixture.ts'
import { linuxTexts, makeTwice } from './making.ts'
import { mustRun } from '../e2e/child.ts'
import { maxBulkTestMs, peerTest } from '../e2e/peers.ts'
import { startSystemd, type SystemdMachine } from '../e2e/peers/systemd.ts'
import type { Scope } from '../e2e/scope.ts'
import {
  assertInstalled,
  assertKept,
  assertLeftRunning,
  assertUpgraded,
  show,
  unit,
} from './installed-gateway.ts'

const env = { DEBIAN_FRONTEND: 'noninteractive', DPKG_FORCE: 'unsafe-io' }

peerTest(
  "Debian's package is installed, configured, upgraded, removed and purged",
  ['systemd as first process', 'dpkg'],
  async (scope) => {
    const older = realPackage(scope, '1.0.0-rc.1')
    const newer = realPackage(scope, '1.0.0')
    const machine = await startSystemd(scope)

    const first = await dpkg(machine, '-i', await machine.bring(older))
    assert.match(first, /systemctl enable --now postern-gateway$/m)
    assert.equal(await machine.must('dpkg', '--verify', 'postern'), '')
    await assertInstalled(machine)

    const file = await machine.bring(newer)
    const second = await assertUpgraded(machine, () => dpkg(machine, '-i', file))
    assert.match(second, /Unpacking postern \(1\.0\.0\) over \(1\.0\.0~rc\.1\)/)

    await assertLeftRunning(machine, () => dpkg(machine, '-i', file))

    await machine.must('systemctl', 'stop', unit)
    await dpkg(machine, '-i', file)
    assert.equal(await show(machine, 'ActiveState'), 'ActiveState=inactive\n')

    await machine.must('systemctl', 'start', unit)
    await dpkg(machine, '-r', 'postern')
    await assertKept(machine, '/etc/postern/postern.yaml')

    await machine.must('usermod', '--uid', '4000', 'postern')
    await machine.must('/var/lib/dpkg/info/postern.postrm', 'purge')
    await machine.must('id', 'postern')
    await machine.must('usermod', '--uid', '400', 'postern')
    await dpkg(machine, '-P', 'postern')
    assert.equal(await machine.must('find', '/etc', '/usr', '/var', '-name', '*postern*'), '')
    assert.equal((await machine.run('getent', ['passwd', 'postern'])).ending, 2)
    assert.equal((await machine.run('getent', ['group', 'postern'])).ending, 2)
  },
  maxBulkTestMs,
)

peerTest(
  "Debian's package is the same whoever makes it, and is read by Debian",
  ['dpkg'],
  async (scope) => {
    const [once, again] = makeTwice((name) => smallPackage(scope, name))
    assert.deepEqual(readFileSync(again), readFileSync(once))

    const fields = ['Package', 'Version', 'Architecture', 'Depends']
    const { output } = await mustRun(scope, 'dpkg-deb', ['--field', once, ...fields])
    assert.equal(
      output,
      'Package: postern\nVersion: 2.1.0~rc.3\nArchitecture: arm64\nDepends: libc6 (>= 2.17)\n',
    )
    const listing = (await mustRun(scope, 'dpkg-deb', ['--contents', once])).output
    assert.match(listing, /^-rwxr-xr-x root\/root +\d+ 2023-11-14 22:13 \.\/usr\/bin\/postern$/m)
    assert.match(listing, /^drwxr-xr-x root\/root +0 2023-11-14 22:13 \.\/etc\/postern\/$/m)
  },
)

/** With the real executable, and no time spent on making it small. */
function realPackage(scope: Scope, version: string): string {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const executable = builtExecutable()
  return make(scope, version, { version, architecture, executable, compression: 'none' })
}

function smallPackage(scope: Scope, name: string): string {
  const executable = import.meta.filename
  return make(scope, name, { version: '2.1.0-rc.3', architecture: 'arm64', executable })
}

type Own = Pick<DebOptions, 'version' | 'architecture' | 'executable' | 'compression'>

function make(scope: Scope, name: string, own: Own): string {
  const outfile = join(scope.directory, `${name}.deb`)
  makeDeb({ ...linuxTexts, components: [], seconds: 1_700_000_000, outfile, ...own })
  return outfile
}

async function dpkg(machine: SystemdMachine, ...args: string[]): Promise<string> {
  // Triggers are others' packages: man-db reads every page of the machine.
  const { ending, output, errors } = await machine.run('dpkg', ['--no-triggers', ...args], env)
  assert.equal(ending, 0, errors)
  return output + errors
}
