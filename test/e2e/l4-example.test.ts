import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { inTime, mustRun, runChild, type Child } from './child.ts'
import { example, runEnvironment, startExample } from './l4-example.ts'
import { peerTest } from './peers.ts'
import type { Scope } from './scope.ts'

const host = 'ssh.demo.example.com:22'
/** What run-local.sh sends there and back, beside two sessions of a few KiB. */
const copiedBytes = 1024 * 1024
/** TLS, HTTP/2 and a handshake for each connection: what an edge counts beside the tunnels' bytes. */
const maxOverhead = { share: 0.03, bytesPerConnection: 6_000 }
const needed = ['OpenSSH', 'sshpass'] as const

describe('the example of SSH through an L4 edge', () => {
  for (const [name, edge] of [
    ['nginx', 'nginx'],
    ['HAProxy', 'haproxy'],
  ] as const) {
    peerTest(
      `works through ${name}, and the seed's greps find it`,
      [...needed, name],
      async (scope) => {
        const logs = await runExample(scope, '--edge', edge)
        await checkPath(scope, logs)
        await checkBytes(logs)
        // Without the PROXY protocol, everybody comes from the edge.
        for (const line of await accessLines(logs)) assert.equal(line['ip'], '127.0.0.2')
      },
    )

    peerTest(
      `tells the client's address by ${name}'s PROXY header`,
      [...needed, name],
      async (scope) => {
        const logs = await runExample(scope, '--edge', edge, '--proxy-protocol')
        await checkPath(scope, logs)
        for (const line of await accessLines(logs)) assert.equal(line['ip'], '127.0.0.1')
        const { output } = await grep(scope, logs, 'gateway', '"service":"authorize"')
        assert.equal(output.match(/"ip":"127\.0\.0\.1"/g)?.length, 3)
      },
    )
  }

  peerTest('leaves nothing behind when it is interrupted', [...needed, 'nginx'], async (scope) => {
    const child = await startExample(scope, [])
    await child.says(/started postern tcp/)
    child.signal('SIGINT')
    assert.equal(await inTime(child.ended, () => child.output()), 130)
    await checkNothingLeft(scope, child, 4)
  })

  peerTest(
    'fails when a step does, says which, and leaves nothing',
    [...needed, 'nginx'],
    async (scope) => {
      const node = join(scope.directory, 'node')
      const script = `#!/bin/sh\ncase "$*" in *' gateway '*) echo broken >&2; exit 1;; esac\nexec '${process.execPath}' "$@"\n`
      await writeFile(node, script, { mode: 0o755 })
      const child = await startExample(scope, [], { NODE: node })
      assert.equal(await inTime(child.ended, () => child.output()), 1)
      assert.match(child.errors(), /^run-local: error: it ended before: the gateway listens$/m)
      assert.match(child.errors(), /^broken$/m)
      await checkNothingLeft(scope, child, 2)
    },
  )

  peerTest('knows its options', [], async (scope) => {
    const help = await startExample(scope, ['--help'])
    assert.equal(await help.ended, 0)
    assert.match(help.output(), /^Usage: run-local\.sh /)
    for (const options of [['--edge'], ['--edge', 'apache'], ['--verbose']]) {
      const wrong = await startExample(scope, options)
      assert.equal(await wrong.ended, 2, options.join(' '))
    }
  })

  peerTest('makes its certificates once, and again when they are no good', [], async (scope) => {
    const directory = join(scope.directory, 'certs')
    const make = async (): Promise<string> => {
      const script = join(example, 'gen-certs.sh')
      return (await mustRun(scope, script, [directory], { env: runEnvironment(scope) })).errors
    }
    assert.match(await make(), /made ca\.crt, and postern\.crt/)
    assert.deepEqual(await readdir(directory), ['ca.crt', 'postern.crt', 'postern.key'])
    assert.equal((await stat(join(directory, 'postern.key'))).mode & 0o777, 0o600)
    const certificate = await readCertificate(directory, 'postern.crt')
    const authority = await readCertificate(directory, 'ca.crt')
    assert.ok(certificate.verify(authority.publicKey) && authority.ca && !certificate.ca)
    assert.equal(certificate.checkHost('ssh.demo.example.com'), 'ssh.demo.example.com')
    assert.match(await make(), /nothing to do/)
    assert.equal(
      (await readCertificate(directory, 'postern.crt')).serialNumber,
      certificate.serialNumber,
    )
    await rm(join(directory, 'ca.crt'))
    assert.match(await make(), /made ca\.crt/)
    assert.notEqual(
      (await readCertificate(directory, 'postern.crt')).serialNumber,
      certificate.serialNumber,
    )
  })
})

/** Runs the whole example; resolves to where its logs are. */
async function runExample(scope: Scope, ...options: string[]): Promise<string> {
  const child = await startExample(scope, ['--keep', ...options])
  const ending = await inTime(child.ended, () => child.output())
  assert.equal(ending, 0, child.errors())
  assert.match(child.output(), /^run-local: done: everything is as the guide says$/m)
  assert.match(child.output(), new RegExp(`${copiedBytes} bytes there and back`))
  const kept = /^run-local: kept: (.+)$/m.exec(child.output())?.[1]
  assert.ok(kept)
  return join(kept, 'logs')
}

/** The greps of the seed's page. */
async function checkPath(scope: Scope, logs: string): Promise<void> {
  const authorized = await grep(
    scope,
    logs,
    'gateway',
    '"service":"authorize"',
    '"method":"CONNECT"',
  )
  const lines = authorized.output.trimEnd().split('\n')
  assert.equal(lines.length, 3)
  for (const line of lines) {
    assert.ok(line.includes(`"host":"${host}"`) && line.includes('"allow":true'), line)
  }
  const tunnels = await grep(scope, logs, 'gateway', '"method":"CONNECT"', '"response-code":200')
  assert.equal(tunnels.output.trimEnd().split('\n').length, 3)
  const unmatched = await grep(scope, logs, 'gateway', '"response-code-details":"route_not_found"')
  assert.match(
    unmatched.output,
    /"other-ports":\[22\],"error":"no route for ssh\.demo\.example\.com:443; there is one for :22"/,
  )
  const crossed = await grep(scope, logs, 'edge', 'bytes_sent=[0-9]{3,} bytes_received=[0-9]{3,}')
  assert.ok(crossed.output.trimEnd().split('\n').length >= 3)
}

function grep(scope: Scope, logs: string, name: string, first: string, ...more: string[]) {
  const pipe = [
    `grep -E '${first}' '${logs}/${name}.log'`,
    ...more.map((words) => `grep '${words}'`),
  ]
  return mustRun(scope, '/bin/sh', ['-c', pipe.join(' | ')], { env: runEnvironment(scope) })
}

/** What the edge counted is what the tunnels carried, and what it takes to wrap it. */
async function checkBytes(logs: string): Promise<void> {
  const edge = await readFile(join(logs, 'edge.log'), 'utf8')
  const connections = [...edge.matchAll(/bytes_sent=(\d+) bytes_received=(\d+)/g)].filter(
    ([, sent]) => Number(sent) > 0,
  )
  const access = (await accessLines(logs)).filter((line) => line['response-code'] === 200)
  for (const [index, name] of [
    [1, 'bytes-down'],
    [2, 'bytes-up'],
  ] as const) {
    const crossed = connections.reduce((sum, match) => sum + Number(match[index]), 0)
    const carried = access.reduce((sum, line) => sum + Number(line[name]), 0)
    assert.ok(carried > copiedBytes, `${name}: ${carried}`)
    const allowed =
      carried * (1 + maxOverhead.share) + connections.length * maxOverhead.bytesPerConnection
    assert.ok(crossed > carried && crossed < allowed, `${name}: ${carried}, edge: ${crossed}`)
  }
}

async function accessLines(logs: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(logs, 'gateway.log'), 'utf8')
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['service'] === 'access')
  assert.equal(lines.length, 4)
  return lines
}

/** Neither a process that it named nor a file. */
async function checkNothingLeft(scope: Scope, child: Child, count: number): Promise<void> {
  const processes = [...child.output().matchAll(/started .* \(process (\d+)\)/g)]
  assert.equal(processes.length, count, child.output())
  for (const [, pid] of processes) {
    const { ending } = await runChild(scope, '/bin/sh', ['-c', `kill -0 ${pid}`])
    assert.notEqual(ending, 0, `process ${pid} is still there`)
  }
  assert.deepEqual(await readdir(join(scope.directory, 'tmp')), [])
}

async function readCertificate(directory: string, name: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(directory, name)))
}
