import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { dial } from '../../src/net/dial.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import {
  carriedByConnector,
  readBehindConnector,
  type BehindConnector,
} from './behind-connector.ts'
import { inTime, mustRun } from './child.ts'
import {
  failLine,
  listenLine,
  openGuide,
  openLine,
  readerAt,
  runLine,
  type Guide,
} from './guide.ts'
import { peerTest, program } from './peers.ts'
import { startSshd, type Sshd } from './peers/openssh.ts'
import { exchange, type Person } from './person.ts'
import { alice, posternCommand, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, sha256, startService } from './services.ts'
import { startTap, type Tap } from './tap.ts'

const host = 'ssh.example.com'
const fileBytes = 8 * 1024 * 1024
const photoCount = 12

describe('docs/services/ssh.md', () => {
  peerTest(
    'says what works: ssh, scp, sftp, rsync, git, forwarding, a local port, a connector',
    ['OpenSSH', 'Git', 'rsync'],
    async (scope) => {
      const it = await startReader(scope)
      await checkSessions(it)
      await checkCopies(it)
      await checkRsync(it)
      await checkGit(it)
      await checkForwarding(it)
      await checkLocalPort(it)
      await checkWrittenBlocks(it)
      await checkBehindConnector(it)
      it.guide.finish()
    },
  )
})

interface Reader {
  readonly scope: Scope
  readonly guide: Guide
  readonly person: Person
  readonly tap: Tap
  /** What stands for `/srv` on the far side. */
  readonly far: string
  readonly localPort: number
  readonly forwardedPort: number
  readonly rig: GatewayRig
  readonly behind: BehindConnector
  /** Adds to `~/.ssh/config`. */
  configure(text: string): Promise<void>
  /** Makes it what it was before the guide. */
  resetConfiguration(): Promise<void>
  /** Runs the one command of the guide that matches. */
  run(pattern: RegExp, input?: string): Promise<string>
}

async function startReader(scope: Scope): Promise<Reader> {
  const far = join(scope.directory, 'far')
  for (const name of ['inbox', 'photos', 'git']) await mkdir(join(far, name), { recursive: true })
  const sshd = await startSshd(scope, host)
  const tap = await startTap(scope, sshd.port)
  const [localPort, forwardedPort] = [await freePort(), await freePort()]
  const address = { '10.0.0.5:22': `127.0.0.1:${tap.port}` }
  const behind = await readBehindConnector(scope, address)
  const guide = await openGuide('ssh', {
    standIns: {
      ...address,
      '/srv/': `${far}/`,
      '127.0.0.1:8080': `127.0.0.1:${await startService(scope, echo)}`,
      '12222': `${localPort}`,
      '18080': `${forwardedPort}`,
    },
  })
  const rig = await startRig(scope, guide.routes(), behind.settings)
  const person = await withOwnSshFiles(scope, await readerAt(scope, rig, alice))
  const configFile = await writeSshFiles(person, sshd)
  return {
    scope,
    guide,
    person,
    tap,
    far,
    localPort,
    forwardedPort,
    rig,
    behind,
    configure: (text) => appendFile(configFile, text),
    resetConfiguration: async () => void (await writeSshFiles(person, sshd)),
    run: async (pattern, input = '') =>
      (await runLine(scope, person, guide.command(pattern), { input })).output,
  }
}

/**
 * OpenSSH finds its files by the password database, not by HOME: without this it would read the
 * files of whoever runs the tests.
 */
async function withOwnSshFiles(scope: Scope, person: Person): Promise<Person> {
  const tools = join(scope.directory, 'ssh with its own files')
  await mkdir(tools)
  for (const name of ['ssh', 'scp', 'sftp']) {
    const words = `exec '${program(name)}' -F "$HOME/.ssh/config" "$@"`
    await writeFile(join(tools, name), `#!/bin/sh\n${words}\n`, { mode: 0o755 })
  }
  return { ...person, env: { ...person.env, PATH: `${tools}:${person.env['PATH'] ?? ''}` } }
}

/** What the reader has besides the guide: a key, and who the host is. */
async function writeSshFiles({ home }: Person, sshd: Sshd): Promise<string> {
  const path = join(home, '.ssh', 'config')
  await mkdir(join(home, '.ssh'), { recursive: true, mode: 0o700 })
  const settings = {
    User: sshd.user,
    IdentityFile: sshd.userKey,
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: `"${sshd.knownHosts}"`,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    BatchMode: 'yes',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}`)
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 })
  return path
}

const input = 'echo $((6 * 7)) from afar\n'

/** The one line first, while there is no `Host` block that could do its work. */
async function checkSessions({ guide, configure, run, tap }: Reader): Promise<void> {
  assert.equal(await run(/^postern connect /, input), '42 from afar\n')
  assert.equal(await run(/^ssh -o ProxyCommand='postern tcp/, input), '42 from afar\n')
  await configure(guide.block('sshconfig', /ProxyCommand/))
  assert.equal(await run(/^ssh ssh\.example\.com$/, input), '42 from afar\n')
  assert.ok(tap.saw('SSH-2.0-OpenSSH') && !tap.saw('from afar'), 'ciphertext after the banner')
}

async function checkCopies({ person, far, run }: Reader): Promise<void> {
  const bytes = randomBytes(fileBytes)
  await writeFile(join(person.home, 'backup.tar'), bytes)
  await run(/^scp /)
  assert.equal(await digestOf(join(far, 'inbox', 'backup.tar')), sha256(bytes))
  await run(/^sftp /)
  assert.equal(await digestOf(join(person.home, 'copy.tar')), sha256(bytes))
}

/** Then rsync itself compares, by checksums of its own. */
async function checkRsync({ scope, guide, person, far }: Reader): Promise<void> {
  const names = Array.from({ length: photoCount }, (_, index) => `photo ${index}.raw`)
  await mkdir(join(person.home, 'photos'))
  for (const name of names) {
    await writeFile(join(person.home, 'photos', name), randomBytes(fileBytes / photoCount))
  }
  const line = guide.command(/^rsync /)
  await runLine(scope, person, line)
  const digests = async (folder: string): Promise<string[]> =>
    Promise.all(names.map((name) => digestOf(join(folder, name))))
  assert.deepEqual(await digests(join(far, 'photos')), await digests(join(person.home, 'photos')))
  const again = await runLine(scope, person, `${line} --itemize-changes --dry-run`)
  assert.equal(again.output, '', 'equal checksums on both sides')
}

async function checkGit({ scope, person, far, run }: Reader): Promise<void> {
  const work = join(scope.directory, 'work')
  const git = async (cwd: string, ...args: string[]): Promise<string> => {
    const name = ['-c', 'user.name=Alice', '-c', 'user.email=alice@example.com']
    const options = { cwd, env: person.env }
    return (await mustRun(scope, program('git'), [...name, ...args], options)).output
  }
  await mkdir(work)
  await git(work, 'init', '--quiet')
  await writeFile(join(work, 'blob.bin'), randomBytes(fileBytes))
  await git(work, 'add', '.')
  await git(work, 'commit', '--quiet', '--message', 'a blob')
  await git(work, 'clone', '--quiet', '--bare', work, join(far, 'git', 'project.git'))
  await run(/^git clone /)
  const clone = join(person.home, 'project')
  assert.equal(await git(clone, 'rev-parse', 'HEAD'), await git(work, 'rev-parse', 'HEAD'))
  await git(clone, 'fsck', '--strict', '--no-progress')
  assert.equal(await digestOf(join(clone, 'blob.bin')), await digestOf(join(work, 'blob.bin')))
}

async function checkForwarding({ scope, guide, person, forwardedPort }: Reader): Promise<void> {
  const ssh = openLine(scope, person, guide.command(/^ssh -N -L /).replace('ssh -N', 'ssh -v -N'))
  await ssh.says(/Entering interactive session/)
  const socket = await dial({ host: '127.0.0.1', port: forwardedPort })
  scope.defer(() => void socket.destroy())
  assert.equal(await exchange(socket, 'through two tunnels'), 'through two tunnels')
  socket.destroy()
  ssh.signal('SIGTERM')
  await inTime(ssh.ended, () => 'ssh -N did not end')
}

async function checkLocalPort({ scope, guide, person, configure, run }: Reader): Promise<void> {
  await listenLine(scope, person, guide.command(/^postern tcp --listen 127/))
  const input = 'echo a local port\n'
  const alias = /^ssh -p .*HostKeyAlias/
  assert.equal(await run(alias, input), 'a local port\n')
  const without = guide.command(alias).replace('-o HostKeyAlias=ssh.example.com', '')
  await failLine(scope, person, without, /Host key verification failed/)
  await configure(guide.block('sshconfig', /HostKeyAlias/))
  const named = await runLine(scope, person, 'ssh production-local', { input })
  assert.equal(named.output, 'a local port\n')
}

/** The reader's gateway stands beside its routes; here it is "localhost", and its domain is given. */
async function checkWrittenBlocks({ scope, guide, person, rig }: Reader): Promise<void> {
  const [command, args] = posternCommand('ssh-config', rig.origin, '--domain', 'example.com')
  const [, , , ...trust] = person.tcpArgs('').slice(0, -1)
  const words = [command, ...args, ...trust].map((word) => `'${word}'`).join(' ')
  const line = guide.command(/^postern ssh-config /)
  const begin = 'postern ssh-config https://gateway.example.com'
  assert.ok(line.startsWith(begin))
  await runLine(scope, person, line.replace(begin, words))
  const file = join(person.home, '.ssh', 'postern')
  const ssh = [program('ssh'), ['-G', '-F', file, host]] as const
  const { output } = await mustRun(scope, ...ssh, { env: person.env, cwd: person.home })
  assert.match(output, /^proxycommand \/.* tcp --gateway .* --listen - %h:%p$/m)
}

/** The application's block takes the place of the route's; files and forwarded ports go through it. */
async function checkBehindConnector(it: Reader): Promise<void> {
  const { run, tap, rig, behind } = it
  tap.forget()
  await behind.start(rig)
  await it.resetConfiguration()
  assert.equal(await run(/^ssh -o ProxyCommand='postern access/, input), '42 from afar\n')
  await run(/^postern access ssh-config /)
  assert.equal(await run(/^ssh ssh\.example\.com$/, input), '42 from afar\n')
  await checkCopies(it)
  await checkForwarding(it)
  assert.ok(tap.saw('SSH-2.0-OpenSSH') && !tap.saw('from afar'), 'ciphertext after the banner')
  await carriedByConnector(rig, host)
}

async function digestOf(path: string): Promise<string> {
  return sha256(await readFile(path))
}
