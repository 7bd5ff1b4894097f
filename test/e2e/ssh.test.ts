import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe } from 'node:test'
import { mustRun, runChild } from './child.ts'
import { startSshd, type Sshd } from './peers/openssh.ts'
import { peerTest, program } from './peers.ts'
import { personAt, type Person } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

const host = 'ssh.example.com'
// Both far beyond what the credit of a connection and all buffers hold; POSTERN_LONG_TESTS=1 asks for what takes minutes.
const copiedMib = process.env['POSTERN_LONG_TESTS'] === '1' ? 100 : 32
const copiedBytes = copiedMib * 1024 * 1024

describe('OpenSSH through the gateway', () => {
  peerTest('ssh runs a command after a real sign-in', ['OpenSSH'], async (scope) => {
    const { person, rig, options } = await startSsh(scope)
    const command = 'printf out; printf err >&2; exit 7'
    const ssh = await runChild(scope, program('ssh'), [...options, host, command], person)
    assert.deepEqual([ssh.output, ssh.ending], ['out', 7], ssh.errors)
    assert.match(ssh.errors, /err$/)
    assert.equal((await person.browserStarts()).length, 1)
    const again = await mustRun(scope, program('ssh'), [...options, host, 'echo again'], person)
    assert.deepEqual([again.output, again.errors], ['again\n', ''])
    assert.equal(rig.idp.signInCount, 1)
  })

  peerTest('the log answers the questions of the guides', ['OpenSSH'], async (scope) => {
    const { person, rig, options } = await startSsh(scope)
    await mustRun(scope, program('ssh'), [...options, host, 'true'], person)
    const access = await rig.lines.first((line) => line['ended'] !== undefined)
    const text = rig.lines.text().split('\n')
    const grep = (...words: string[]): number =>
      text.filter((line) => words.every((word) => line.includes(word))).length
    const authorized = ['"service":"authorize"', '"method":"CONNECT"', `"host":"${host}:22"`]
    assert.equal(grep(...authorized, '"allow":true'), 1)
    assert.equal(grep('"method":"CONNECT"', '"response-code":200'), 1)
    assert.equal(access['email'], alice)
    assert.equal(access['user'], 'u-alice')
    assert.equal(access['ip'], '127.0.0.1')
    assert.equal(access['upstream-cluster'], `ssh-${String(access['route-id'])}`)
    assert.ok(Number(access['bytes-up']) > 1000 && Number(access['bytes-down']) > 1000)
    // Both close at once; what counts is that neither is lost.
    assert.match(String(access['ended']), /^(?:client|upstream)-closed$/)
  })

  peerTest(
    `scp copies ${copiedMib} MiB each way without changing a bit`,
    ['OpenSSH'],
    async (scope) => {
      const { person, options } = await startSsh(scope)
      const [original, there, back] = ['original', 'there', 'back'].map((name) =>
        join(scope.directory, name),
      ) as [string, string, string]
      await writeFile(original, randomBytes(copiedBytes))
      await mustRun(scope, program('scp'), [...options, original, `${host}:${there}`], person)
      await mustRun(scope, program('scp'), [...options, `${host}:${there}`, back], person)
      const [want, up, down] = await Promise.all([original, there, back].map(digestOf))
      assert.deepEqual([up, down], [want, want])
    },
  )

  peerTest('ssh reaches a local port of postern', ['OpenSSH'], async (scope) => {
    const { person, sshd } = await startSsh(scope)
    const local = await person.listen(`${host}:22`)
    const options = [...sshd.clientOptions, '-l', sshd.user, '-p', String(local.port)]
    const args = [...options, '127.0.0.1', 'cat; echo end']
    const { output } = await mustRun(scope, program('ssh'), args, { ...person, input: 'through\n' })
    assert.equal(output, 'through\nend\n')
  })
})

interface SshRig {
  readonly rig: GatewayRig
  readonly sshd: Sshd
  readonly person: Person
  /** For `ssh` and `scp`, tunnel included. */
  readonly options: readonly string[]
}

async function startSsh(scope: Scope): Promise<SshRig> {
  const sshd = await startSshd(scope, host)
  const rig = await startRig(scope, [route(`${host}:22`, sshd.port)])
  const person = await personAt(scope, rig, alice)
  const proxy = `ProxyCommand=${person.proxyCommand('%h:%p')}`
  return {
    rig,
    sshd,
    person,
    options: [...sshd.clientOptions, '-o', `User=${sshd.user}`, '-o', proxy],
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
