import assert from 'node:assert/strict'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { describe } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { stringify } from 'yaml'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { spawnProgram } from '../../src/program.fixture.ts'
import { startNeighbour } from '../bad-input/neighbour.ts'
import { inTime } from './child.ts'
import { peerTest, program } from './peers.ts'
import { refusals, refuseMany } from './refuse-many.ts'
import { posternCommand } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'
import { openSilentReader } from './silent-reader.ts'

const open = 'open.example.com:7'
/** The promise is a second from SIGTERM to the end. */
const maxEndMs = 10_000

describe('a log that nobody reads', () => {
  peerTest('holds up neither tunnels, refusals nor the end: a full pipe', [], async (scope) => {
    const pipe = openSilentReader(scope)
    const gateway = await startGateway(scope, ['ignore', pipe.writer, pipe.writer])
    await refuseMany(scope, gateway)
    const dropped = await gateway.droppedLines()
    assert.ok(dropped > 0, 'nothing was dropped')
    let read = ''
    const told = /\{[^\n]*"lines":(\d+)[^\n]*"message":"log lines were dropped"\}\n/
    const deadlineMs = Date.now() + maxEndMs
    while (!told.test(read) && Date.now() < deadlineMs) {
      read += pipe.read()
      await wait(10)
    }
    assert.equal(told.exec(read)?.[1], String(await gateway.droppedLines()))
    for (const line of read.split('\n').slice(0, -1)) assert.ok(JSON.parse(line))
    await refuseMany(scope, gateway)
    await gateway.end()
  })

  peerTest('the same: a socket, as journald has', [], async (scope) => {
    const gateway = await startGateway(scope, ['ignore', 'pipe', 'pipe'])
    await refuseMany(scope, gateway)
    assert.ok((await gateway.droppedLines()) > 0, 'nothing was dropped')
    await gateway.end()
  })

  peerTest('the same: a terminal that was stopped', ['terminal'], async (scope) => {
    // Nobody reads what "script" shows, so it reads no more from the terminal itself.
    const gateway = await startGateway(scope, ['pipe', 'pipe', 'pipe'], 'terminal')
    await refuseMany(scope, gateway)
    assert.ok((await gateway.droppedLines()) > 0, 'nothing was dropped')
    await gateway.end()
  })

  peerTest('a reader who left, as "head -1", takes no tunnel along', [], async (scope) => {
    const gateway = await startGateway(scope, ['ignore', 'pipe', 'ignore'])
    gateway.child.stdout?.destroy()
    await refuseMany(scope, gateway)
    assert.ok((await gateway.droppedLines()) > 0, 'nothing was dropped')
    await gateway.end()
  })

  peerTest('a full disk takes no tunnel along', [], async (scope) => {
    const full = openSync('/dev/full', 'w')
    scope.defer(() => closeSync(full))
    const gateway = await startGateway(scope, ['ignore', full, 'ignore'])
    await refuseMany(scope, gateway)
    assert.ok((await gateway.droppedLines()) > 0, 'nothing was dropped')
    await gateway.end()
  })
})

peerTest('a log in a file has every line, to the last one', [], async (scope) => {
  const path = join(scope.directory, 'log')
  const file = openSync(path, 'a')
  scope.defer(() => closeSync(file))
  const gateway = await startGateway(scope, ['ignore', file, 'ignore'])
  await refuseMany(scope, gateway)
  await gateway.end()
  const lines = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const refused = lines.filter((line) => line['response-code'] === 404)
  assert.equal(refused.length, refusals)
  assert.equal(lines.at(-1)?.['message'], 'stopped')
})

interface LoggingGateway {
  readonly child: ChildProcess
  readonly origin: string
  readonly port: number
  readonly ca: string
  droppedLines(): Promise<number>
  /** Asks it to end; it does in time and in order, and its neighbour has missed nothing. */
  end(): Promise<void>
}

/** Starts a gateway with these descriptors, and somebody who uses it all the while. */
async function startGateway(
  scope: Scope,
  stdio: StdioOptions,
  where: 'plain' | 'terminal' = 'plain',
): Promise<LoggingGateway> {
  const home = join(scope.directory, 'gateway')
  await mkdir(home, { mode: 0o700 })
  scope.secrets.home(home)
  const [port, metricsPort, service] = [
    await freePort(),
    await freePort(),
    await startService(scope, echo),
  ]
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['localhost'])
  const settings = {
    address: `127.0.0.1:${port}`,
    metrics_address: `127.0.0.1:${metricsPort}`,
    certificate: Buffer.from(cert).toString('base64'),
    certificate_key: Buffer.from(key).toString('base64'),
    state_directory: 'state',
    routes: [
      {
        from: `tcp+https://${open}`,
        to: `tcp://127.0.0.1:${service}`,
        allow_public_unauthenticated_access: true,
      },
    ],
  }
  const configPath = join(home, 'postern.yaml')
  await writeFile(configPath, stringify(settings), { mode: 0o600 })
  // Of lines for people a terminal takes far more than it does of JSON before it is full.
  const format = where === 'terminal' ? ['--log-format', 'json'] : []
  const [node, args] = posternCommand(
    'gateway',
    '-c',
    configPath,
    '--grace-period',
    '0s',
    ...format,
  )
  const line = ['exec', ...[node, ...args].map((word) => `'${word}'`)].join(' ')
  const child =
    where === 'plain'
      ? spawnProgram(node, args, { stdio })
      : spawnProgram(program('script'), ['-qec', line, '/dev/null'], { stdio })
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  let pid = child.pid ?? 0
  scope.defer(async () => {
    if (pid !== child.pid && isAlive(pid)) process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
    await ended
  })
  const gateway = { port, origin: `https://localhost:${port}`, ca: authority.cert }
  const metrics = (): Promise<string> => fetchText(metricsPort)
  await inTime(untilAnswers(metrics), () => 'the gateway does not start')
  if (where === 'terminal') pid = childOf(pid)
  const neighbour = await startNeighbour(scope, gateway, open)
  return {
    ...gateway,
    child,
    async droppedLines() {
      const value = /^postern_log_lines_dropped_total (\d+)$/m.exec(await metrics())?.[1]
      return Number(value)
    },
    async end() {
      await neighbour.close()
      process.kill(pid, 'SIGTERM')
      const late = (): string => 'the gateway does not end'
      if (pid !== child.pid) return inTime(untilGone(pid), late, maxEndMs)
      assert.deepEqual(await inTime(ended, late, maxEndMs), [0, null])
    },
  }
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
}

/** Whether a process runs; one that has ended and of which its parent knows nothing yet does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await wait(20)
}

function fetchText(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/metrics' }, (response) => {
      textOf(response).then(resolve, reject)
    }).on('error', reject)
  })
}

async function untilAnswers(ask: () => Promise<string>): Promise<void> {
  for (;;) {
    const isUp = await ask().then(
      () => true,
      () => false,
    )
    if (isUp) return
    await wait(50)
  }
}
