import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/errors.ts'
import { startDownloadsRig } from '../../src/gateway/downloads.fixture.ts'
import { runProgram, runProgramSync } from '../../src/program.fixture.ts'
import { readGuide } from './guide.ts'
import { peerTest } from './peers.ts'

const page = join(import.meta.dirname, '..', '..', 'docs', 'install.md')
const windows = 'needs Windows'
const notRun = {
  'irm https://gateway.example.com/.postern/install.ps1 | iex': windows,
  'Import-Certificate -FilePath ca.pem -CertStoreLocation Cert:\\CurrentUser\\Root': windows,
  'apt install ./postern_0.1.0_amd64.deb': 'needs root',
  'brew install example/tap/postern': 'needs Homebrew',
  'winget install --manifest .\\winget': windows,
  'npm ci': 'installs beside the programs of this machine',
  'postern login gateway.example.com': 'needs a browser',
  'curl -fsSL https://gateway.example.com/.postern/install.sh | sh -s -- --dir /usr/local/bin':
    'needs root',
}
const systems = ['linux-x64', 'linux-x64-musl', 'linux-arm64', 'linux-arm64-musl', 'darwin-arm64']

peerTest('what the page about installing says works, line by line', ['curl'], async (scope) => {
  const rig = await startDownloadsRig({ after: (undo) => scope.defer(undo as () => void) })
  const home = join(scope.directory, 'home')
  await mkdir(home)
  await publish(scope.directory, rig.release)
  await rig.configure(`downloads: ${rig.release.directory}`)
  const standIns = {
    'https://gateway.example.com/': `${rig.origin}/`,
    'ca.pem': rig.caFile,
    '/srv/postern/downloads': rig.release.directory,
  }
  const guide = readGuide(await readFile(page, 'utf8'), { notRun, standIns })
  const run = async (line: string, env: Record<string, string> = {}): Promise<string> => {
    const options = { cwd: scope.directory, env: { HOME: home, ...env } }
    const { code, stdout, stderr } = await runProgram('/bin/sh', ['-c', line], options)
    assert.equal(code, 0, `${line}\n${stderr}`)
    return stdout
  }
  // The authority is one that this machine would know.
  const known = { CURL_CA_BUNDLE: rig.caFile }
  const version = guide.command(/--version/)
  const remove = guide.command(/^rm /)
  await run(guide.command(/install\.sh \| sh$/), known)
  assert.equal(await run(version), '0.1.0\n')
  await run(remove)
  await run(guide.command(/--cacert/))
  assert.equal(await run(`${guide.command(/^export PATH/)}; postern --version`), '0.1.0\n')
  await run(remove)
  for (const pattern of [/-fLO \S*tar\.gz/, /-fLO \S*SUMS/, /--check/, /^tar /, /^install /])
    await run(guide.command(pattern), known)
  assert.equal(await run(version), '0.1.0\n')
  const yaml = guide.block('yaml')
  const config = join(scope.directory, 'downloads.yaml')
  await writeFile(config, `${yaml}routes: []\n`, { mode: 0o600 })
  // Nothing is wrong with that key, of a file that lacks others.
  await assert.rejects(loadConfig({ path: config, env: {} }), (error) => {
    return error instanceof ConfigError && error.problems.every(({ path }) => path !== 'downloads')
  })
  guide.finish()
})

/** A release whose program prints its version, for every system that this test may run on. */
async function publish(
  directory: string,
  release: Awaited<ReturnType<typeof startDownloadsRig>>['release'],
): Promise<void> {
  const archives: Record<string, Buffer> = {}
  for (const system of systems) {
    const folder = `postern-0.1.0-${system}`
    await mkdir(join(directory, 'made', folder), { recursive: true })
    const program = join(directory, 'made', folder, 'postern')
    await writeFile(program, '#!/bin/sh\necho 0.1.0\n', { mode: 0o755 })
    const archive = join(directory, 'made', `${folder}.tar.gz`)
    runProgramSync('tar', ['-czf', archive, '-C', join(directory, 'made'), folder])
    archives[`${folder}.tar.gz`] = await readFile(archive)
  }
  await release.write(archives)
}
