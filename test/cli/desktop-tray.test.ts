import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startSessionBus } from '../../src/desktop/bus/session-bus.fixture.ts'
import { startFakeWatcher } from '../../src/desktop/tray/tray.fixture.ts'
import { createSandbox, startPostern } from './program.ts'

const options = { timeout: 120_000, skip: process.platform !== 'linux' }

test('a daemon has a tray on the bus of its session, and ends by it', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const sandbox = await createSandbox()
  t.after(() => sandbox[Symbol.asyncDispose]())
  const panel = await startFakeWatcher(bus.path)
  const env = {
    ...sandbox.env,
    HOME: sandbox.path,
    XDG_RUNTIME_DIR: join(sandbox.path, 'run'),
    DBUS_SESSION_BUS_ADDRESS: bus.address,
  }
  const daemon = startPostern(['up', '--foreground'], { env })
  t.after(() => daemon.child.kill('SIGKILL'))
  await panel.registeredSo(1)
  const [destination = ''] = panel.registered
  assert.equal(destination, `org.kde.StatusNotifierItem-${daemon.child.pid}-1`)

  const menu = { destination, path: '/MenuBar', interface: 'com.canonical.dbusmenu' }
  const asked = { ...menu, member: 'GetLayout', signature: 'iias', body: [0, -1, []] }
  const [, layout] = (await panel.bus.call(asked)) as [number, [number, unknown, Variant[]]]
  const quit = layout[2]
    .map(([, [item]]) => item)
    .find(([, properties]) => labelOf(properties) === 'Quit')
  assert.ok(quit !== undefined)
  const body = [quit[0], 'clicked', ['s', ''], 0]
  await panel.bus.call({ ...menu, member: 'Event', signature: 'isvu', body })
  const { code } = await daemon.ended
  assert.equal(code, 0)
})

/** As the bus gives it: the types, then the value. */
type Variant<T = [number, Properties]> = [unknown, [T]]
type Properties = [name: string, value: Variant<string>][]

function labelOf(properties: Properties): string | undefined {
  return properties.find(([name]) => name === 'label')?.[1][1][0]
}
