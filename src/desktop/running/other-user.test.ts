import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runProgram } from '../../program.fixture.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openDaemonRig } from './daemon.fixture.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

test(
  'a connection is not for programs of other users',
  { skip: !isRoot && 'needs root on Linux' },
  async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    const id = await rig.add(gateway)
    await rig.daemon.up([id])
    const port = Number(rig.daemon.viewOf(id).address.split(':').at(-1))
    // What the service answers, or nothing.
    const script = `const { connect } = require('node:net')
      connect(${port}, '127.0.0.1', function () { this.write('hello') })
        .on('data', (data) => { console.log(String(data)); process.exit() })
        .on('error', () => process.exit())`
    const ask = async (options: { uid?: number; gid?: number }): Promise<string> =>
      (await runProgram(process.execPath, ['-e', script], options)).stdout.trim()
    assert.equal(await ask({}), 'hello')
    assert.equal(await ask({ uid: 65_534, gid: 65_534 }), '')
    const refused = rig.daemon.logOf(id).find(({ code }) => code === 'other-user')
    assert.match(refused?.message ?? '', /its program runs as another user \(uid 65534\)$/)
    assert.equal(gateway.connects.length, 1)
  },
)
