import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startDownloadsRig, type DownloadsRig } from '../../src/gateway/downloads.fixture.ts'
import { sha256Of } from '../../src/downloads/release.fixture.ts'
import { runProgramSync } from '../../src/program.fixture.ts'
import { start } from '../cli/program.ts'
import { pathWithout } from './path-without.ts'
import { peerTest } from './peers.ts'
import type { Scope } from './scope.ts'

const shells = [
  ['dash', 'dash'],
  ['Bash', 'bash'],
] as const
/** Every system that a script may find here. */
const systems = ['linux-x64', 'linux-x64-musl', 'linux-arm64', 'linux-arm64-musl', 'darwin-arm64']
const nameFor = (system: string): string => `postern-0.1.0-${system}.tar.gz`

for (const [peer, shell] of shells) {
  peerTest(
    `the install script, in ${shell}, puts the program where it belongs, and says what to do next`,
    [peer, 'curl'],
    async (scope) => {
      const rig = await startRig(scope)
      const { code, stderr } = await install(rig, shell)
      assert.equal(code, 0, stderr)
      assert.match(
        stderr,
        /^downloading postern 0\.1\.0 for \S+, 1 MB, from https:\/\/localhost:\d+\n/,
      )
      assert.match(stderr, /\ninstalled postern 0\.1\.0: .*\/home\/\.local\/bin\/postern\n/)
      assert.match(stderr, /export PATH=".*\/home\/\.local\/bin:\$PATH"/)
      const next = new RegExp(
        `\\n  \\S*/postern login localhost:${rig.port} --ca-file "${rig.caFile}"\\n$`,
      )
      assert.match(stderr, next)
      assert.equal(runProgramSync(rig.installed, ['--version']).stdout, '0.1.0\n')
      assert.deepEqual(await readdir(rig.temporary), [])
    },
  )

  peerTest(
    `the install script, in ${shell}, does nothing when half of it has come`,
    [peer, 'curl'],
    async (scope) => {
      const rig = await startRig(scope)
      const { body } = await rig.get('/.postern/install.sh')
      // Each length up to the last byte but its newline, where a word less may be a whole command.
      const call = body.trimEnd().lastIndexOf('\n')
      const ends = Array.from(body.trimEnd().slice(call), (_, index) => call + index)
      assert.ok(ends.length >= 10)
      for (const end of [0.3, 0.6, 0.9]
        .map((part) => Math.floor(body.length * part))
        .concat(ends)) {
        // One that has lost its options would be installed, too.
        await run(rig, shell, body.slice(0, end), [], { POSTERN_CA_FILE: rig.caFile })
        assert.deepEqual(await readdir(rig.home), [], `${end} of ${body.length}`)
      }
    },
  )
}

peerTest(
  `the install script takes the place of an older one, which may be running`,
  ['dash', 'curl'],
  async (scope) => {
    const rig = await startRig(scope)
    assert.equal((await install(rig, 'dash')).code, 0)
    await rig.publish('0.2.0')
    const PATH = `${join(rig.home, '.local', 'bin')}:${process.env['PATH']}`
    const { code, stderr } = await install(rig, 'dash', { PATH })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /next:\n  postern login localhost/)
    assert.equal(runProgramSync(rig.installed, ['--version']).stdout, '0.2.0\n')
    assert.deepEqual(await readdir(join(rig.home, '.local', 'bin')), ['postern'])
  },
)

peerTest(
  `the install script installs nothing whose checksum is another one`,
  ['dash', 'curl'],
  async (scope) => {
    const rig = await startRig(scope)
    // As somebody would who can change the files on their way, and not the script.
    const script = (await rig.get('/.postern/install.sh')).body.replaceAll(
      /sha256=\w{64}/g,
      `sha256=${sha256Of('another')}`,
    )
    const { code, stderr } = await run(rig, 'dash', script)
    assert.equal(code, 1)
    assert.match(stderr, /the checksum of "postern-.*" is another one: nothing was installed/)
    await assert.rejects(readFile(rig.installed))
  },
)

peerTest(
  `the install script installs nothing that does not run here`,
  ['dash', 'curl'],
  async (scope) => {
    const rig = await startRig(scope)
    await rig.publish('0.1.0', '#!/bin/sh\nexit 1\n')
    const { code, stderr } = await install(rig, 'dash')
    assert.equal(code, 1)
    assert.match(stderr, /does not run here: nothing was installed/)
    assert.deepEqual(await readdir(join(rig.home, '.local', 'bin')), [])
  },
)

peerTest(
  `the install script names what is wrong, and what to do`,
  ['dash', 'curl'],
  async (scope) => {
    const rig = await startRig(scope)
    const { body } = await rig.get('/.postern/install.sh')
    const untrusted = await run(rig, 'dash', body, [])
    assert.match(untrusted.stderr, /hint: if the certificate is not trusted, name its authority/)
    const unknown = await run(rig, 'dash', body, ['--prefix', '/'])
    assert.match(unknown.stderr, /unknown option "--prefix"\n  hint: there are --dir DIRECTORY/)
    const homeless = await run(rig, 'dash', body, [], { HOME: '' })
    assert.match(homeless.stderr, /no home directory\n  hint: name a directory with --dir/)
    const dir = join(rig.home, 'a b')
    const elsewhere = await run(rig, 'dash', body, ['--dir', dir, '--ca-file', rig.caFile])
    assert.equal(elsewhere.code, 0, elsewhere.stderr)
    assert.deepEqual(await readdir(dir), ['postern'])
    await mkdir(join(rig.home, 'taken', 'postern'), { recursive: true })
    const taken = await run(rig, 'dash', body, [
      '--dir',
      join(rig.home, 'taken'),
      '--ca-file',
      rig.caFile,
    ])
    assert.match(taken.stderr, /taken\/postern" is a directory\n  hint: name another directory/)
    assert.deepEqual(await readdir(join(rig.home, 'taken', 'postern')), [])
    // A directory is one of where it is run, whatever else the shell would look through.
    await mkdir(join(rig.home, 'other', 'tools'), { recursive: true })
    const here = `cd '${rig.home}'\n${body}`
    const args = ['--dir', 'tools', '--ca-file', rig.caFile]
    const relative = await run(rig, 'dash', here, args, { CDPATH: join(rig.home, 'other') })
    assert.equal(relative.code, 0, relative.stderr)
    assert.deepEqual(await readdir(join(rig.home, 'tools')), ['postern'])
  },
)

peerTest(`the install script uses wget where there is no curl`, ['dash', 'Wget'], async (scope) => {
  const rig = await startRig(scope)
  const { body } = await rig.get('/.postern/install.sh')
  const PATH = await pathWithout(scope, 'curl')
  const { code, stderr } = await run(rig, 'dash', body, ['--ca-file', rig.caFile], { PATH })
  assert.equal(code, 0, stderr)
  assert.equal(runProgramSync(rig.installed, ['--version']).stdout, '0.1.0\n')
})

interface Rig extends DownloadsRig {
  readonly home: string
  /** Where temporary files go. */
  readonly temporary: string
  /** Where the program comes to. */
  readonly installed: string
  /** Hands out a release with this program in it. */
  publish(version: string, program?: string): Promise<void>
}

async function startRig(scope: Scope): Promise<Rig> {
  const rig = await startDownloadsRig({ after: (undo) => scope.defer(undo as () => Promise<void>) })
  const { directory } = scope
  const [home, temporary] = [join(directory, 'home'), join(directory, 'tmp')]
  await mkdir(home)
  await mkdir(temporary)
  const publish: Rig['publish'] = async (version, program = `#!/bin/sh\necho ${version}\n`) => {
    const folder = join(directory, `postern-${version}`)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'postern'), program)
    await chmod(join(folder, 'postern'), 0o755)
    const made = join(directory, 'archive')
    runProgramSync('tar', ['-czf', made, '-C', directory, `postern-${version}`])
    const archive = await readFile(made)
    const names = systems.map((system) => nameFor(system).replace('0.1.0', version))
    await rig.release.write(Object.fromEntries(names.map((name) => [name, archive])))
    await rig.configure(`downloads: ${rig.release.directory}`)
  }
  await publish('0.1.0')
  return {
    ...rig,
    home,
    temporary,
    installed: join(home, '.local', 'bin', 'postern'),
    publish,
  }
}

/** As the portal says it. */
async function install(rig: Rig, shell: string, env: NodeJS.Dict<string> = {}) {
  const { origin, caFile } = rig
  const line = `curl -fsSL --cacert ${caFile} ${origin}/.postern/install.sh | ${shell} -s -- --ca-file ${caFile}`
  const { child, ended } = start(shell, ['-c', line], environmentOf(rig, env))
  child.stdin?.end()
  return ended
}

/** A script as it comes in a pipe. */
async function run(
  rig: Rig,
  shell: string,
  script: string,
  args: readonly string[] = ['--ca-file', rig.caFile],
  env: NodeJS.Dict<string> = {},
) {
  const { child, ended } = start(shell, ['-s', '--', ...args], environmentOf(rig, env))
  child.stdin?.end(script)
  return ended
}

function environmentOf({ home, temporary }: Rig, env: NodeJS.Dict<string>): NodeJS.Dict<string> {
  return { HOME: home, TMPDIR: temporary, ...env }
}
