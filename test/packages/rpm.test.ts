import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtExecutable } from '../../scripts/package/executable.fixture.ts'
import { makeRpm, type RpmOptions } from '../../scripts/package/rpm/rpm.ts'
import { mustRun } from '../e2e/child.ts'
import { maxBulkTestMs, peerTest, program } from '../e2e/peers.ts'
import { startSystemd, type SystemdMachine } from '../e2e/peers/systemd.ts'
import type { Scope } from '../e2e/scope.ts'
import {
  assertInstalled,
  assertKept,
  assertLeftRunning,
  assertUpgraded,
} from './installed-gateway.ts'
import { linuxTexts, makeTwice } from './making.ts'

peerTest(
  'an RPM package is installed, configured, upgraded and erased',
  ['systemd as first process', 'RPM'],
  async (scope) => {
    const older = realPackage(scope, '1.0.0-rc.1')
    const newer = realPackage(scope, '1.0.0')
    const machine = await startSystemd(scope)

    const first = await rpm(machine, '-i', await machine.bring(older))
    assert.match(first, /systemctl enable --now postern-gateway$/m)
    assert.equal(await rpm(machine, '-V', 'postern'), '')
    await assertInstalled(machine)

    const file = await machine.bring(newer)
    await assertUpgraded(machine, () => rpm(machine, '-U', file))
    assert.equal(await rpm(machine, '-q', 'postern'), `postern-1.0.0-1.${architecture}\n`)

    const newest = await machine.bring(realPackage(scope, '1.0.1'))
    await assertLeftRunning(machine, () => rpm(machine, '-U', newest))

    await rpm(machine, '-e', 'postern')
    await assertKept(machine, '/etc/postern/postern.yaml.rpmsave')
  },
  maxBulkTestMs,
)

peerTest(
  'an RPM package is the same whoever makes it, and is read by RPM',
  ['RPM'],
  async (scope) => {
    const [once, again] = makeTwice((name) => smallPackage(scope, name))
    assert.deepEqual(readFileSync(again), readFileSync(once))

    const format = '[%{NAME} %{VERSION} %{ARCH} %{LICENSE}\\n]'
    assert.equal(
      await query(scope, `--queryformat=${format}`, once),
      'postern 2.1.0~rc.3 aarch64 Apache-2.0 AND MIT\n',
    )
    const files = await query(scope, '--list', '--verbose', once)
    assert.match(files, /^-rwxr-xr-x +1 root +root .*\/usr\/bin\/postern$/m)
    assert.equal(await query(scope, '--configfiles', once), '/etc/postern/postern.yaml\n')
  },
)

const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64'

/** With the real executable, and no time spent on making it small. */
function realPackage(scope: Scope, version: string): string {
  return make(scope, version, {
    version,
    architecture,
    executable: builtExecutable(),
    compression: 'none',
  })
}

function smallPackage(scope: Scope, name: string): string {
  const executable = import.meta.filename
  return make(scope, name, { version: '2.1.0-rc.3', architecture: 'aarch64', executable })
}

type Own = Pick<RpmOptions, 'version' | 'architecture' | 'executable' | 'compression'>

function make(scope: Scope, name: string, own: Own): string {
  const outfile = join(scope.directory, `${name}.rpm`)
  const components = [{ name: 'zod', version: '4.0.0', license: 'MIT', text: 'MIT License' }]
  makeRpm({ ...linuxTexts, components, seconds: 1_700_000_000, outfile, ...own })
  return outfile
}

/** Debian's own refuses unless told to, and none of Debian's packages is known to it. */
async function rpm(machine: SystemdMachine, action: string, ...args: string[]): Promise<string> {
  const more = action === '-q' ? [] : ['--nodeps', ...(action === '-V' ? [] : ['--force-debian'])]
  const { ending, output, errors } = await machine.run('rpm', [action, ...more, ...args])
  assert.equal(ending, 0, `${output}${errors}`)
  return output + errors
}

async function query(scope: Scope, ...args: string[]): Promise<string> {
  return (await mustRun(scope, program('rpm'), ['-qp', ...args])).output
}
