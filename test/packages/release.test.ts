import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtDist } from '../../scripts/package/executable.fixture.ts'
import { makePackages } from '../../scripts/package/packages.ts'
import { readSums } from '../../scripts/package/sums.ts'
import { systems } from '../../scripts/package/systems.ts'
import { version } from '../../src/version.ts'
import { mustRun } from '../e2e/child.ts'
import { peerTest, program } from '../e2e/peers.ts'

peerTest(
  'packages come beside the archives of a release, with their sums and all licences',
  ['dpkg', 'RPM'],
  async (scope) => {
    const release = join(scope.directory, 'release')
    mkdirSync(release)
    const archives = systems.map(({ name, program }) => {
      return `postern-${version}-${name}.${program === 'postern' ? 'tar.gz' : 'zip'}`
    })
    const sums = archives.map((name) => `${'0'.repeat(64)}  ${name}\n`)
    writeFileSync(join(release, 'SHA256SUMS'), sums.join(''))
    const asked: string[] = []
    await makePackages(['winget', 'homebrew', 'rpm', 'debian'], {
      dist: builtDist(),
      release,
      url: 'https://downloads.example.com',
      executableFor(system) {
        asked.push(system)
        return import.meta.filename
      },
    })
    assert.deepEqual(asked, ['linux-x64', 'linux-arm64', 'linux-x64', 'linux-arm64'])
    const deb = `postern_${version}_amd64.deb`
    assert.deepEqual([...readSums(join(release, 'SHA256SUMS')).keys()].slice(archives.length), [
      deb,
      `postern_${version}_arm64.deb`,
      `postern-${version}-1.x86_64.rpm`,
      `postern-${version}-1.aarch64.rpm`,
    ])
    const tree = join(scope.directory, 'tree')
    await mustRun(scope, program('dpkg-deb'), ['--extract', join(release, deb), tree])
    const copyright = join(tree, 'usr/share/doc/postern/copyright')
    const grep = ['--count', '^Files: node_modules/', copyright]
    assert.ok(Number((await mustRun(scope, program('grep'), grep)).output) > 50)
    const manual = join(tree, 'usr/share/man/man1/postern.1.gz')
    const { output } = await mustRun(scope, program('zcat'), [manual])
    assert.match(output, /^\.SH COMMANDS$/m)
  },
)
