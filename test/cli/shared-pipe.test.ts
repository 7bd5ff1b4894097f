import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { stringify } from 'yaml'
import { startFakeGateway } from '../../src/reach/fake-gateway.fixture.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { freePort } from '../../src/net/free-port.fixture.ts'
import { spawnProgram } from '../../src/program.fixture.ts'
import { peerTest } from '../e2e/peers.ts'
import { openSilentReader } from '../e2e/silent-reader.ts'
import { createSandbox, start, type Ended } from './program.ts'
import { posternCommand, posternInShell } from '../postern-program.ts'

/** In the flags of an open file description, octal. */
const nonBlocking = 0o4000
const isLinux = process.platform === 'linux'
const postern = `exec ${posternInShell}`
const lines = 300_000
const maxWaitMs = 10_000

/**
 * A script whose parts all write to one pipe, with a reader who comes late: a background program, then a
 * flood. `$1` is the program's command line, `$2` what is there once it runs.
 */
const script = (count: number): string => `
  flags() { for fd in 0 1 2; do sed -n "s/flags:.//p" /proc/self/fdinfo/$fd; done; }
  flags >before
  eval "$COMMAND" & pid=$!
  until [ -S "$READY" ]; do sleep 0.05; done
  seq 1 ${count}
  flags >after
  kill $pid
  wait $pid
  echo "ended with $?" >ended
`

describe('a program in the background', { skip: !isLinux && 'only Linux shows flags' }, () => {
  test('leaves the pipe it shares as it is: postern tcp', async () => {
    await using rig = await openRig()
    const gateway = rig.gateway.origin
    const command = `${postern} tcp --gateway ${gateway} --ca-file ca.pem --log-format json --listen unix:s a:1`
    await rig.run(`{ ${script(lines)} } 2>&1 | { sleep 1; cat >out; }`, command, 's')
    await assertUntouched(rig.path)
    assert.match(await rig.text('out'), /"message":"listening on unix:s"/)
    assert.equal(await rig.text('ended'), 'ended with 0\n')
  })

  test('leaves the pipe it shares as it is: postern access tcp', async () => {
    await using rig = await openRig()
    const where = `--hostname a.test --gateway ${rig.gateway.origin} --url unix:s --logfile log`
    const command = `${postern} access tcp ${where} --ca-file ca.pem --log-format json`
    await rig.run(`{ ${script(lines)} } 2>&1 | { sleep 1; cat >out; }`, command, 's')
    await assertUntouched(rig.path)
    assert.match(await rig.text('log'), /"message":"listening on unix:s"/)
    assert.equal(await rig.text('ended'), 'ended with 0\n')
  })

  test('leaves the pipe it shares as it is: postern gateway', async () => {
    await using rig = await openRig()
    await rig.writeConfig()
    const command = `${postern} gateway -c postern.yaml`
    await rig.run(
      `{ ${script(lines)} } 2>&1 | { sleep 1; cat >out; }`,
      command,
      'state/control.sock',
    )
    await assertUntouched(rig.path)
    assert.match(await rig.text('out'), /"message":"stopped"/)
    assert.equal(await rig.text('ended'), 'ended with 0\n')
  })

  peerTest('leaves the terminal it shares as it is', ['terminal'], async () => {
    await using rig = await openRig()
    const gateway = rig.gateway.origin
    const command = `${postern} tcp --gateway ${gateway} --ca-file ca.pem --log-format json --listen unix:s a:1`
    await writeFile(join(rig.path, 'script'), script(20_000))
    await rig.run("script -qec 'sh script' /dev/null >out", command, 's')
    await assertUntouched(rig.path, 20_000)
    assert.equal(await rig.text('ended'), 'ended with 0\n')
  })
})

peerTest('a client serves connections though nobody reads what it says', [], async (scope) => {
  await using rig = await openRig()
  const pipe = openSilentReader(scope)
  pipe.fill()
  const path = join(rig.path, 's')
  const options = ['--gateway', rig.gateway.origin, '--ca-file', join(rig.path, 'ca.pem')]
  const command = posternCommand('tcp', ...options, '--listen', `unix:${path}`, 'a:1')
  const child = spawnProgram(...command, {
    stdio: ['ignore', pipe.writer, pipe.writer],
  })
  scope.defer(() => void child.kill('SIGKILL'))
  // The file is there before anybody listens.
  while (!(await accepts(path))) await wait(20)
  for (const word of Array.from({ length: 30 }, (_, index) => `connection ${index}`)) {
    const socket = connect(path)
    socket.write(word)
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(maxWaitMs) })) as [
      Buffer,
    ]
    assert.equal(answer.toString(), word)
    socket.destroy()
  }
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(maxWaitMs) })
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})

test('a program ends in time though the pipe it shares is full', { skip: !isLinux }, async () => {
  await using rig = await openRig()
  const gateway = rig.gateway.origin
  const command = `${postern} tcp --gateway ${gateway} --ca-file ca.pem --listen unix:s a:1`
  const full = `
    { eval "$COMMAND" & pid=$!
      until [ -S "$READY" ]; do sleep 0.05; done
      timeout 1 seq 1 ${lines}
      kill $pid; wait $pid
      echo "ended with $?" >ended; } 2>&1 | { until [ -e ended ]; do sleep 0.05; done; }`
  await rig.run(full, command, 's')
  assert.equal(await rig.text('ended'), 'ended with 0\n')
})

test('a long result reaches a slow reader whole, also where another made its pipe non-blocking', async () => {
  await using rig = await openRig()
  const kept = await keepEntries(rig.path)
  const makeNonBlocking = `"${process.execPath}" -e "process.stdout; setTimeout(() => {}, 60000)"`
  await rig.run(
    `{ ${makeNonBlocking} & pid=$!; sleep 0.5
       (${postern} gateway audit list --json --state-directory state); kill $pid; } | { sleep 2; cat >out; }`,
  )
  assert.equal(await rig.text('out'), kept)
})

test('reading ends with the reader of a long result, as with "head"', async () => {
  await using rig = await openRig()
  const [first = ''] = (await keepEntries(rig.path)).split('\n')
  // A file that comes later and cannot be read: nobody gets to it.
  const [today] = new Date().toISOString().split('T')
  await mkdir(join(rig.path, 'state', 'audit', `people-${today}-0002.jsonl`))
  const list = `(${postern} gateway audit list --json --state-directory state)`
  await rig.run(`{ ${list}; echo "ended with $?" >ended; } | head -1 >out`)
  assert.equal(await rig.text('out'), `${first}\n`)
  assert.equal(await rig.text('ended'), 'ended with 0\n')
})

/** Audit entries of a gateway, far more than a pipe takes; answers them as they stand in the file. */
async function keepEntries(path: string): Promise<string> {
  const time = new Date().toISOString()
  const folder = join(path, 'state', 'audit')
  await mkdir(folder, { recursive: true })
  const entry = (index: number): string =>
    `${JSON.stringify({ time, kind: 'sign-in', event: `entry ${index}` })}\n`
  const kept = Array.from({ length: 10_000 }, (_, index) => entry(index)).join('')
  await writeFile(join(folder, `people-${time.slice(0, 10)}-0001.jsonl`), kept)
  return kept
}

async function openRig() {
  const gateway = await startFakeGateway({ isPublic: true })
  const sandbox = await createSandbox()
  await writeFile(join(sandbox.path, 'ca.pem'), gateway.ca)
  return {
    gateway,
    path: sandbox.path,
    text: (name: string) => readFile(join(sandbox.path, name), 'utf8'),
    async run(shell: string, command = '', ready = ''): Promise<Ended> {
      const env = { ...sandbox.env, COMMAND: command, READY: ready }
      const { child, ended } = start('/bin/sh', ['-c', `cd "$0" && ${shell}`, sandbox.path], env)
      child.stdin?.end()
      const result = await ended
      assert.equal(result.code, 0, result.stderr)
      return result
    },
    async writeConfig() {
      const { cert, key } = await (await createCertificateAuthority()).issue(['localhost'])
      const settings = {
        address: `127.0.0.1:${await freePort()}`,
        certificate: Buffer.from(cert).toString('base64'),
        certificate_key: Buffer.from(key).toString('base64'),
        state_directory: 'state',
      }
      await writeFile(join(sandbox.path, 'postern.yaml'), stringify(settings), { mode: 0o600 })
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await sandbox[Symbol.asyncDispose]()
    },
  }
}

/**
 * Everything of the flood has arrived, and none of the three descriptors has become non-blocking. `seq` writes
 * pieces that end within a line, and a line of ours may stand in between.
 */
async function assertUntouched(path: string, count = lines): Promise<void> {
  const read = (name: string): Promise<string> => readFile(join(path, name), 'utf8')
  const flood = (await read('out')).replaceAll(/\{"level":.*?\}\r?\n/g, '')
  const numbers = flood.split('\n').filter((line) => /^\d+\r?$/.test(line))
  assert.equal(numbers.length, count)
  const after = await read('after')
  assert.equal(after, await read('before'))
  for (const flags of after.trim().split('\n')) {
    assert.equal(Number.parseInt(flags, 8) & nonBlocking, 0, flags)
  }
}

async function accepts(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
