import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'
import { createFakeClock } from '../../src/fake-clock.ts'
import type { AnySession } from '../../src/identity/session.ts'
import { openKey, type KeyFiles } from '../../src/client/ssh-gen/key-files.ts'
import type { SshCaSettings } from '../../src/ssh-ca/settings.ts'
import { createSshCa, type SshCa } from '../../src/ssh-ca/ssh-ca.ts'
import { mustRun, runChild, type Result } from './child.ts'
import { startSshd, type Sshd } from './peers/openssh.ts'
import { peerTest, program } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, bob, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

const host = 'ssh.example.com'
const user = userInfo().username

/** What an sshd is told that takes certificates and nobody's key. */
function trusting(caFile: string): string {
  return `TrustedUserCAKeys ${caFile}\nAuthorizedKeysFile none\n`
}

describe('an SSH certificate of the gateway, as a real sshd sees it', () => {
  interface Bench {
    readonly ca: SshCa
    readonly files: KeyFiles
    readonly sshd: Sshd
    /** Signs in with a certificate, and runs a command. */
    ssh(how: Partial<SshCaSettings> & { ca?: SshCa }, ...args: string[]): Promise<Result>
  }

  async function openBench(scope: Scope): Promise<Bench> {
    const name = join(scope.directory, 'id')
    const files = { privateKey: name, publicKey: `${name}.pub`, certificate: `${name}-cert.pub` }
    const ca = authority(Date.now())
    const caFile = join(scope.directory, 'ca.pub')
    await writeFile(caFile, `${(await ca.trustedKeys()).join('\n')}\n`)
    const sshd = await startSshd(scope, host, trusting(caFile))
    return {
      ca,
      files,
      sshd,
      async ssh({ ca: by = ca, ...settings }, ...args) {
        const publicKey = await openKey(files)
        const signer = await by.openSigner()
        const { line } = signer.issue({
          publicKey,
          session: { kind: 'person', email: alice, emailVerified: true } as AnySession,
          requestId: 'r1',
          validUntilMs: undefined,
          settings: {
            principals: { kind: 'fixed', names: [user] },
            lifetimeMs: 300_000,
            extensions: ['permit-pty'],
            ...settings,
          },
        })
        await writeFile(files.certificate, `${line}\n`)
        const options = sshd.clientOptions.map((option) =>
          option.startsWith('IdentityFile=') ? `IdentityFile=${files.privateKey}` : option,
        )
        const where = ['-p', String(sshd.port), '-l', user, '127.0.0.1']
        return runChild(scope, program('ssh'), [
          ...options,
          ...args.slice(0, -1),
          ...where,
          args.at(-1) ?? '',
        ])
      },
    }
  }

  /** An authority with a key of its own, at a time. */
  function authority(nowMs: number): SshCa {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const publicJwk = { ...publicKey.export({ format: 'jwk' }), kty: 'OKP', kid: 'test-key' }
    const key = {
      kid: 'test-key',
      privateKey,
      publicJwk: { ...publicJwk, alg: 'EdDSA', use: 'sig' as const },
      createdAtMs: 0,
      retiredAtMs: undefined,
    }
    const keys = {
      all: () => Promise.resolve([key]),
    }
    return createSshCa(keys, createFakeClock(nowMs))
  }

  peerTest('opens a terminal and runs commands, where it may', ['OpenSSH'], async (scope) => {
    const { ssh } = await openBench(scope)
    const plain = await ssh({}, 'echo in')
    assert.deepEqual([plain.output, plain.ending], ['in\n', 0], plain.errors)
    const terminal = await ssh({}, '-tt', 'tty')
    assert.match(terminal.output, /^\/dev\/pts\/\d+/)
    const none = await ssh({ extensions: [] }, '-tt', 'tty')
    assert.match(none.output + none.errors, /not a tty|PTY allocation request failed/)
  })

  peerTest('forwards ports where it may, and not otherwise', ['OpenSSH'], async (scope) => {
    const { ssh, sshd } = await openBench(scope)
    // The banner of the sshd itself, through a forwarded connection.
    const forward = ['-W', `127.0.0.1:${sshd.port}`]
    const allowed = await ssh({ extensions: ['permit-port-forwarding'] }, ...forward, '')
    assert.match(allowed.output, /^SSH-2\.0-/, allowed.errors)
    const refused = await ssh({ extensions: ['permit-pty'] }, ...forward, '')
    assert.match(refused.errors, /administratively prohibited|open failed/)
  })

  const refused: Readonly<Record<string, Partial<SshCaSettings> & { ca?: () => SshCa }>> = {
    'that is over': { lifetimeMs: -1_000 },
    'for another account': { principals: { kind: 'fixed', names: ['somebody-else'] } },
    'of another authority': { ca: () => authority(Date.now()) },
  }
  for (const [which, { ca, ...settings }] of Object.entries(refused)) {
    peerTest(`lets nobody in ${which}`, ['OpenSSH'], async (scope) => {
      const { ssh } = await openBench(scope)
      const other = ca === undefined ? {} : { ca: ca() }
      const { ending, errors } = await ssh({ ...settings, ...other }, 'true')
      assert.equal(ending, 255)
      assert.match(errors, /Permission denied/)
    })
  }

  peerTest('is read by ssh-keygen, with the key that it is for', ['OpenSSH'], async (scope) => {
    const { ssh, files } = await openBench(scope)
    await ssh({ extensions: ['permit-pty', 'permit-X11-forwarding'] }, 'true')
    const { output } = await mustRun(scope, program('ssh-keygen'), ['-L', '-f', files.certificate])
    assert.match(output, /Type: ssh-ed25519-cert-v01@openssh\.com user certificate/)
    assert.match(output, /Key ID: "alice@example\.com request r1"/)
    assert.match(output, /Critical Options: \(none\)/)
    const own = await mustRun(scope, program('ssh-keygen'), ['-y', '-f', files.privateKey])
    const kept = await readFile(files.publicKey, 'utf8')
    assert.equal(own.output.trim(), kept.trim())
  })
})

describe('postern access ssh with certificates of a real gateway', () => {
  interface Setup {
    readonly rig: GatewayRig
    readonly person: Person
    readonly sshd: Sshd
    /** For `ssh` and `scp`. */
    readonly options: readonly string[]
    readonly application: readonly string[]
  }

  async function setUp(scope: Scope, settings: Record<string, unknown> = {}): Promise<Setup> {
    const caFile = join(scope.directory, 'postern-ca.pub')
    await writeFile(caFile, '')
    const sshd = await startSshd(scope, host, trusting(caFile))
    const rig = await startRig(scope, [route('localhost:443', sshd.port, [alice])], {
      ssh_ca: { principals: [user], ...settings },
    })
    const { output } = await rig.postern('gateway', 'ssh-ca', '-c', rig.configPath)
    assert.match(output, /^ssh-ed25519 \S+ postern-\S+\n$/)
    await writeFile(caFile, output)
    const person = await personAt(scope, rig, alice)
    // The options by which the person reaches the gateway, without those of "postern tcp" alone.
    const application = ['--hostname', `localhost:${rig.port}`, ...person.tcpArgs('').slice(3, -1)]
    const written = await mustRun(
      scope,
      join(person.env['PATH']?.split(':')[0] ?? '', 'postern'),
      ['access', 'ssh-config', ...application, '--short-lived-cert', '--user', user],
      person,
    )
    const config = join(person.home, 'ssh_config')
    await writeFile(config, written.output)
    const options = sshd.clientOptions
      .filter((option) => !option.startsWith('Identit'))
      .filter((option, index, all) => option !== '-o' || all[index + 1]?.includes('=') === true)
      .map((option) => (option === 'none' ? config : option))
    return { rig, person, sshd, options, application }
  }

  function postern({ env }: Person): string {
    return join(env['PATH']?.split(':')[0] ?? '', 'postern')
  }

  peerTest(
    'ssh and scp need no key on the machine, and one sign-in',
    ['OpenSSH'],
    async (scope) => {
      const { rig, person, options } = await setUp(scope)
      const ssh = await runChild(
        scope,
        program('ssh'),
        [...options, 'localhost', 'echo in'],
        person,
      )
      assert.deepEqual([ssh.output, ssh.ending], ['in\n', 0], ssh.errors)
      const terminal = await runChild(
        scope,
        program('ssh'),
        [...options, '-tt', 'localhost', 'tty'],
        person,
      )
      assert.match(terminal.output, /^\/dev\/pts\/\d+/, terminal.errors)

      const [original, back] = ['original', 'back'].map((name) => join(scope.directory, name))
      const bytes = randomBytes(1024 * 1024)
      await writeFile(original ?? '', bytes)
      await mustRun(
        scope,
        program('scp'),
        [...options, original ?? '', `localhost:${back}`],
        person,
      )
      assert.ok((await readFile(back ?? '')).equals(bytes))
      assert.equal(rig.idp.signInCount, 1)

      const folder = join(person.home, '.postern')
      const name = `localhost-${rig.port}-ssh-key`
      assert.deepEqual((await readdir(folder)).toSorted(), [
        name,
        `${name}-cert.pub`,
        `${name}.pub`,
      ])
      for (const file of await readdir(folder))
        assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600)
      const entry = await rig.lines.first((line) => line['message'] === 'ssh certificate issued')
      assert.equal(entry['email'], alice)
    },
  )

  peerTest('nobody gets one whom the policy keeps from the route', ['OpenSSH'], async (scope) => {
    const { rig, application } = await setUp(scope)
    const other = await personAt(scope, rig, bob)
    const browser = other.tcpArgs('').slice(5, -1)
    const { ending, errors } = await runChild(
      scope,
      postern(other),
      ['access', 'ssh-gen', ...application.slice(0, 4), ...browser],
      other,
    )
    assert.equal(ending, 4, errors)
    assert.match(errors, /"bob@example\.com" may not use route/)
  })

  peerTest('a gateway without ssh_ca says so', ['OpenSSH'], async (scope) => {
    const { rig, person, application } = await setUp(scope)
    await rig.configure(({ ssh_ca: _gone, ...file }) => file)
    await rig.lines.first((line) => String(line['message']).startsWith('configuration reloaded'))
    const { ending, errors } = await runChild(
      scope,
      postern(person),
      ['access', 'ssh-gen', ...application],
      person,
    )
    assert.equal(ending, 4, errors)
    assert.match(errors, /this gateway makes no SSH certificates\n {2}hint: /)
  })
})
