import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { systemClock, type Clock } from '../../clock.ts'
import { silentLogger } from '../../log.ts'
import { runProgram } from '../../program.fixture.ts'
import { startSessionBus, type SessionBus } from '../bus/session-bus.fixture.ts'
import { connectionOf, createFakeModel, startFakeWatcher } from './tray.fixture.ts'
import { startTray } from './tray.ts'

/** Waits are a hundredth of what they are. */
const quickClock: Clock = {
  now: () => systemClock.now(),
  schedule: (delayMs, callback) => systemClock.schedule(delayMs / 100, callback),
}
const pid = 4711
const service = `org.kde.StatusNotifierItem-${pid}-1`
const options = { timeout: 60_000 }

const db = connectionOf('orders_db', 'listening', ['prod'])
const cache = connectionOf('cache', 'off', ['prod', 'fast'])
const ssh = connectionOf('ssh', 'sign-in-needed')

function start(t: TestContext, bus: Pick<SessionBus, 'path'>, connections = [db, cache, ssh]) {
  const lines: string[] = []
  const said = Promise.withResolvers<void>()
  const info = (line: string): void => {
    lines.push(line)
    said.resolve()
  }
  const log = { ...silentLogger, info }
  const model = createFakeModel(connections)
  const tray = startTray({ model, address: { path: bus.path }, clock: quickClock, log, pid })
  t.after(() => tray.close(0))
  return { model, tray, lines, said: said.promise }
}

/** What systemd's own client reads of the tray, as JSON. */
async function busctl(bus: SessionBus, ...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runProgram('busctl', [
    `--address=${bus.address}`,
    '--json=short',
    // A depth of -1 is no option.
    '--',
    ...args,
  ])
  if (code !== 0) throw new Error(stderr)
  return stdout === '' ? undefined : (JSON.parse(stdout) as { data: unknown }).data
}

const item = [service, '/StatusNotifierItem', 'org.kde.StatusNotifierItem']
const menu = [service, '/MenuBar', 'com.canonical.dbusmenu']

test('a tray registers with the panel, and others read it', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const panel = await startFakeWatcher(bus.path)
  const { model } = start(t, bus)
  await panel.registeredSo(1)
  assert.deepEqual(panel.registered, [service])

  assert.equal(await busctl(bus, 'get-property', ...item, 'Id'), 'postern')
  assert.equal(await busctl(bus, 'get-property', ...item, 'Status'), 'NeedsAttention')
  assert.equal(await busctl(bus, 'get-property', ...item, 'Menu'), '/MenuBar')
  assert.deepEqual(await busctl(bus, 'get-property', ...item, 'ToolTip'), [
    '',
    [],
    'Postern',
    '1 sign-in needed, 1 listening',
  ])
  const pixmaps = (await busctl(bus, 'get-property', ...item, 'IconPixmap')) as [
    number,
    number,
    number[],
  ][]
  for (const [width, height, pixels] of pixmaps) assert.equal(pixels.length, width * height * 4)

  await busctl(bus, 'call', ...item, 'Activate', 'ii', '0', '0')
  await model.toldSo(1)
  assert.deepEqual(model.told, ['open'])
  const described = await runProgram('gdbus', [
    'introspect',
    '--address',
    bus.address,
    '--dest',
    service,
    '--object-path',
    '/StatusNotifierItem',
  ])
  assert.match(described.stdout, /interface org\.kde\.StatusNotifierItem \{[^]*Activate\(in {2}i/)
})

interface Shown {
  readonly id: number
  readonly label: string
  readonly toggle: unknown
  readonly isEnabled: unknown
  readonly items: readonly Shown[]
}

/** The menu as a panel shows it. */
async function readMenu(bus: SessionBus, ...from: readonly string[]): Promise<Shown> {
  const asked = ['call', ...menu, 'GetLayout', 'iias', ...from, '0']
  const [, layout] = (await busctl(bus, ...asked)) as [number, Layout]
  return shownOf(layout)
}

type Layout = [number, Record<string, { data: string | number | boolean }>, { data: Layout }[]]

function shownOf([id, properties, children]: Layout): Shown {
  return {
    id,
    label: String(properties['label']?.data ?? properties['type']?.data ?? ''),
    toggle: properties['toggle-state']?.data,
    isEnabled: properties['enabled']?.data,
    items: children.map(({ data }) => shownOf(data)),
  }
}

function labels({ items }: Shown): readonly string[] {
  return items.map(({ label }) => label)
}

function find(menuShown: Shown, ...path: readonly string[]): Shown {
  const found = path.reduce<Shown | undefined>(
    (at, label) => at?.items.find((it) => it.label === label),
    menuShown,
  )
  assert.ok(found !== undefined, path.join(' > '))
  return found
}

test('the menu has a menu for each tag, and a click switches a connection', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const panel = await startFakeWatcher(bus.path)
  const { model } = start(t, bus)
  await panel.registeredSo(1)
  const shown = await readMenu(bus, '0', '-1')
  assert.deepEqual(labels(shown), [
    'Open window',
    'separator',
    'fast (0 of 1)',
    'prod (1 of 2)',
    'ssh: sign-in needed',
    'separator',
    'Connect all',
    'Disconnect all',
    'separator',
    'Quit',
  ])
  const prod = find(shown, 'prod (1 of 2)')
  // An underline would be a key.
  assert.deepEqual(labels(prod), [
    'Connect all',
    'Disconnect all',
    'separator',
    'orders__db',
    'cache',
  ])
  assert.equal(find(prod, 'orders__db').toggle, 1)
  assert.equal(find(prod, 'cache').toggle, 0)
  assert.deepEqual((await readMenu(bus, '0', '1')).items[3]?.items, [])
  assert.deepEqual(labels(await readMenu(bus, String(prod.id), '-1')), labels(prod))

  const click = (node: Shown): Promise<unknown> =>
    busctl(bus, 'call', ...menu, 'Event', 'isvu', String(node.id), 'clicked', 's', '', '0')
  await click(find(prod, 'orders__db'))
  await click(find(prod, 'cache'))
  await click(find(prod, 'Connect all'))
  await click(find(shown, 'fast (0 of 1)', 'Disconnect all'))
  await click(find(shown, 'Quit'))
  assert.deepEqual(model.told, [
    'down {"connections":["id-orders_db"]}',
    'up {"connections":["id-cache"]}',
    'up {"tag":"prod"}',
    'quit',
  ])
})

test('a change is told, and an item that is gone is not clicked', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const panel = await startFakeWatcher(bus.path)
  const { model } = start(t, bus)
  await panel.registeredSo(1)
  const before = find(await readMenu(bus, '0', '-1'), 'ssh: sign-in needed')
  model.set([db])
  await panel.heardOf(/^LayoutUpdated \[\d+,0\]$/)
  await panel.heardOf(/^NewStatus \["Active"\]$/)
  await panel.heardOf(/^NewToolTip/)
  await busctl(bus, 'call', ...menu, 'Event', 'isvu', String(before.id), 'clicked', 's', '', '0')
  assert.deepEqual(model.told, [])
  assert.ok(!labels(await readMenu(bus, '0', '-1')).includes('ssh: sign-in needed'))
})

test('a tray comes with the panel, and with the next one', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const { lines, said } = start(t, bus)
  await said
  assert.deepEqual(lines, ['no tray: nothing on this desktop shows one'])
  for (const round of [1, 2]) {
    const panel = await startFakeWatcher(bus.path)
    await panel.registeredSo(1)
    panel.bus.destroy()
    assert.equal(panel.registered.length, 1, `round ${round}`)
  }
})

test('two with one number are two trays', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const panel = await startFakeWatcher(bus.path)
  start(t, bus)
  await panel.registeredSo(1)
  start(t, bus, [])
  await panel.registeredSo(2)
  const [, other = ''] = panel.registered
  assert.match(other, /^:\d/)
  const asked = ['get-property', other, ...item.slice(1), 'Status']
  assert.equal(await busctl(bus, ...asked), 'Active')
})

test('a tray outlives the bus, and is there on the next one', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const first = await startFakeWatcher(bus.path)
  const { model } = start(t, bus)
  await first.registeredSo(1)
  await bus.kill()
  await first.bus.ended
  model.set([db])
  await bus.again()
  const second = await startFakeWatcher(bus.path)
  await second.registeredSo(1)
  assert.equal(find(await readMenu(bus, '0', '-1'), 'prod (1 of 1)').items.length, 4)
})

test('nothing that others call ends it', options, async (t) => {
  const bus = await startSessionBus(t)
  if (bus === undefined) return
  const panel = await startFakeWatcher(bus.path)
  start(t, bus)
  await panel.registeredSo(1)
  const [to, path = ''] = item
  const properties = 'org.freedesktop.DBus.Properties'
  const bad: readonly (readonly string[])[] = [
    [path, properties, 'Get'],
    [path, properties, 'Get', 'ss', item[2] ?? '', 'toString'],
    [path, properties, 'GetAll', 's', 'constructor'],
    [path, properties, 'Set', 'ssv', item[2] ?? '', 'Id', 's', 'x'],
    [path, item[2] ?? '', 'hasOwnProperty'],
    [path, item[2] ?? '', 'Activate', 's', 'x'],
    [path, 'org.example.Nothing', 'Activate'],
    ['/nowhere', item[2] ?? '', 'Activate'],
    ['/MenuBar', menu[2] ?? '', 'GetLayout', 'iias', '99', '-1', '0'],
    ['/MenuBar', menu[2] ?? '', 'EventGroup', 'a(isvu)', '1', '1', 'clicked', 'av', '0', '0'],
    ['/MenuBar', menu[2] ?? '', 'GetProperty', 'is', '1', 'toString'],
  ]
  for (const call of bad) {
    const failed = busctl(bus, 'call', to ?? '', ...call)
    if (call[2] !== 'EventGroup') await assert.rejects(failed, call.join(' '))
    await failed.catch(() => undefined)
  }
  assert.equal(await busctl(bus, 'get-property', ...item, 'Id'), 'postern')
  // Whoever sends what is too large is not read: the tray leaves, and comes again.
  const large = { destination: service, path, interface: item[2] ?? '', member: 'Scroll' }
  const sent = panel.bus.call({ ...large, signature: 'is', body: [1, 'x'.repeat(300_000)] })
  await assert.rejects(sent)
  await panel.registeredSo(2)
  assert.equal(await busctl(bus, 'get-property', ...item, 'Id'), 'postern')
})

test('a bus that says nothing holds up no end', options, async (t) => {
  const { path } = (await startSessionBus(t)) ?? {}
  if (path === undefined) return
  const silent = createServer((socket) => socket.on('error', () => undefined).resume())
  silent.listen(`${path}.silent`)
  await once(silent, 'listening')
  t.after(() => silent.close())
  const { tray, model } = start(t, { path: `${path}.silent` })
  const [socket] = (await once(silent, 'connection')) as [{ destroy(): void }]
  assert.equal(model.listeners, 1)
  await tray.close(0)
  assert.equal(model.listeners, 0)
  socket.destroy()
})

test('without a bus it says where the window is, once', options, async (t) => {
  const { lines, said, tray } = start(t, { path: '/nowhere/bus' })
  await said
  await tray.close(0)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^no tray: the session bus is gone: .*ENOENT/)
})
