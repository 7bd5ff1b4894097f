import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFile, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { mustRun } from './child.ts'
import { startNginxEdge } from './peers/nginx-edge.ts'
import { startSshd } from './peers/openssh.ts'
import { peerTest, program } from './peers.ts'
import { exchange, personAt, type Person } from './person.ts'
import { alice, bob, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { answerAtEnd, echo, sha256, startService } from './services.ts'

const host = 'ssh.example.com'
const copiedBytes = 20 * 1024 * 1024

describe('behind an HTTP reverse proxy, which does not pass CONNECT', () => {
  for (const isHttp2 of [false, true]) {
    const version = isHttp2 ? 'HTTP/2' : 'HTTP/1.1'
    peerTest(
      `ssh and scp work over a WebSocket, sign-in included, where the edge speaks ${version}`,
      ['OpenSSH', 'nginx'],
      async (scope) => {
        const sshd = await startSshd(scope, host)
        const { rig, person } = await startBehindNginx(scope, `${host}:22`, sshd.port, isHttp2)
        const proxy = `ProxyCommand=${person.proxyCommand('%h:%p')}`
        const options = [...sshd.clientOptions, '-o', `User=${sshd.user}`, '-o', proxy]
        const ssh = await mustRun(scope, program('ssh'), [...options, host, 'echo reached'], person)
        assert.equal(ssh.output, 'reached\n')
        assert.equal((await person.browserStarts()).length, 1)
        const line = await rig.lines.first(({ ended }) => ended !== undefined)
        assert.deepEqual(
          [line['method'], line['response-code'], line['transport'], line['email']],
          ['CONNECT', 200, 'websocket', alice],
        )

        const [original, there, back] = ['original', 'there', 'back'].map((name) =>
          join(scope.directory, name),
        ) as [string, string, string]
        await writeFile(original, randomBytes(copiedBytes))
        await mustRun(scope, program('scp'), [...options, original, `${host}:${there}`], person)
        await mustRun(scope, program('scp'), [...options, `${host}:${there}`, back], person)
        const [want, up, down] = (
          await Promise.all([original, there, back].map((path) => readFile(path)))
        ).map(sha256)
        assert.deepEqual([up, down], [want, want])
      },
    )
  }

  peerTest('it says so, and the next start asks for nothing else', ['nginx'], async (scope) => {
    const target = 'echo.example.com:7'
    const { person, edge } = await startBehindNginx(scope, target, await startService(scope, echo))
    const first = await person.listen(target)
    await exchange(await first.connect(), 'hello')
    await first.child.says(
      /INF tcptunnel: using a WebSocket: CONNECT does not pass .*\(status 40[05]\)/,
    )
    assert.equal(await edge.connects(), 1)
    const remembered = await readdir(join(person.home, '.cache', 'postern', 'transports'))
    assert.equal(remembered.length, 1)

    const second = await person.listen(target)
    await exchange(await second.connect(), 'again')
    await second.child.says(/INF tcptunnel: using a WebSocket: it passed before/)
    assert.equal(await edge.connects(), 1)

    const { errors } = await person.pipe(target, 'x', '--transport', 'connect')
    assert.match(errors, /the gateway answered 40[05] for "echo\.example\.com:7"/)
  })

  peerTest('each direction ends by itself, and an abort is no end', ['nginx'], async (scope) => {
    const target = 'late.example.com:7'
    const reply = randomBytes(8 * 1024 * 1024)
    const request = randomBytes(1024 * 1024)
    const { promise: held, resolve: onHeld } = Promise.withResolvers<void>()
    const service = await startService(scope, (socket) => {
      answerAtEnd(reply)(socket)
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString().startsWith('half a request')) onHeld()
      })
    })
    const { rig, person } = await startBehindNginx(scope, target, service)
    const { ending, bytes, errors } = await person.pipe(target, request)
    assert.equal(ending, 0, errors)
    assert.equal(bytes.subarray(0, 32).toString('hex'), sha256(request))
    assert.equal(sha256(bytes.subarray(32)), sha256(reply))
    const line = await rig.lines.first(({ ended }) => ended !== undefined)
    assert.deepEqual(
      [line['bytes-up'], line['bytes-down'], line['ended']],
      [request.length, reply.length + 32, 'client-closed'],
    )
    // The session ends while a tunnel is open: the client must not take that for the service's end.
    const pipe = person.openPipe(target)
    pipe.stdin.write('half a request')
    await held
    await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
    const ended = await rig.lines.first((entry) => entry['ended'] === 'session-revoked')
    assert.equal(ended['transport'], 'websocket')
    assert.equal(await pipe.ended, 10, pipe.errors())
    assert.match(pipe.errors(), /the gateway cut the tunnel to ".*": the sign-in.* was ended/)
  })

  peerTest('a refusal is told as anywhere else', ['nginx'], async (scope) => {
    const target = 'echo.example.com:7'
    const service = await startService(scope, echo)
    const { person } = await startBehindNginx(scope, target, service, false, [bob])
    const { ending, errors } = await person.pipe(target, 'x')
    assert.equal(ending, 4, errors)
    assert.match(errors, /may not use route "echo"[^]*request id: /)
  })
})

interface Behind {
  readonly rig: GatewayRig
  readonly person: Person
  readonly edge: {
    /** How many CONNECTs nginx has answered itself. */
    connects(): Promise<number>
  }
}

async function startBehindNginx(
  scope: Scope,
  target: string,
  service: number,
  isHttp2 = false,
  allowed = [alice],
): Promise<Behind> {
  const port = await freePort()
  // The whole sign-in runs on the gateway's own name, which leads through the edge.
  const rig = await startRig(scope, [route(target, service, allowed)], {
    authenticate_service_url: `https://localhost:${port}`,
    access_log_fields:
      'method authority response-code transport email bytes-up bytes-down ended'.split(' '),
  })
  const edge = await startNginxEdge(scope, { port, gateway: rig.port, isHttp2 })
  const person = await personAt(scope, edge, alice)
  // Its browser visits the provider too, which has the rig's authority.
  await appendFile(edge.caFile, rig.ca)
  const log = join(scope.directory, 'edge', 'access.log')
  return {
    rig,
    person,
    edge: {
      connects: async () =>
        (await readFile(log, 'utf8')).split('\n').filter((line) => line.includes('"CONNECT '))
          .length,
    },
  }
}
