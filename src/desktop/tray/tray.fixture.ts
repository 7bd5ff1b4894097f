import { EventEmitter } from 'node:events'
import { ofBus, openBus, type Bus } from '../bus/bus.ts'
import type { Which } from '../wire/calls.ts'
import type { ConnectionState, ConnectionView } from '../wire/view.ts'
import type { TrayModel } from './tray-model.ts'

/** A connection as far as the tray looks at it. */
export function connectionOf(
  name: string,
  state: ConnectionState,
  tags: readonly string[] = [],
): ConnectionView {
  return {
    id: `id-${name}`,
    settings: {
      name,
      protocol: 'tcp',
      destination: 'db.example.com:5432',
      disable_tls_verification: false,
      tags: [...tags],
      start_at_launch: false,
      has_client_key: false,
    },
    state,
    is_up: state !== 'off',
    address: '127.0.0.1:5432',
    tunnels: 0,
    bytes: { up: 0, down: 0 },
  }
}

export interface FakeModel extends TrayModel {
  /** What it was told, such as `up {"tag":"x"}`. */
  readonly told: readonly string[]
  /** Resolves when it has been told so many things. */
  toldSo(count: number): Promise<void>
  set(connections: readonly ConnectionView[]): void
  readonly listeners: number
}

export function createFakeModel(first: readonly ConnectionView[] = []): FakeModel {
  const changed = new EventEmitter()
  const told: string[] = []
  let connections = first
  const tell = (what: string, which?: Which): void => {
    told.push(which === undefined ? what : `${what} ${JSON.stringify(which)}`)
    changed.emit('told')
  }
  return {
    told,
    async toldSo(count) {
      while (told.length < count) await new Promise((resolve) => changed.once('told', resolve))
    },
    set(next) {
      connections = next
      changed.emit('change')
    },
    get listeners() {
      return changed.listenerCount('change')
    },
    view: () => ({ connections, gateways: [] }),
    up: (which) => tell('up', which),
    down: (which) => tell('down', which),
    openWindow: () => tell('open'),
    quit: () => tell('quit'),
    onChange(listener) {
      changed.on('change', listener)
      return { [Symbol.dispose]: () => void changed.off('change', listener) }
    },
  }
}

/** What a panel is to a tray. */
export interface FakeWatcher {
  readonly bus: Bus
  /** Names that were registered, in their order. */
  readonly registered: readonly string[]
  /** Resolves when so many were. */
  registeredSo(count: number): Promise<void>
  /** Signals of trays, such as `LayoutUpdated [3,0]`. */
  readonly heard: readonly string[]
  heardOf(what: RegExp): Promise<void>
}

/** Takes the name by which panels are found; after `destroy()` of its bus another one may. */
export async function startFakeWatcher(path: string): Promise<FakeWatcher> {
  const happened = new EventEmitter()
  const registered: string[] = []
  const heard: string[] = []
  const name = 'org.kde.StatusNotifierWatcher'
  const bus = await openBus(
    { path },
    {
      objects: {
        '/StatusNotifierWatcher': {
          [name]: {
            methods: {
              RegisterStatusNotifierItem: {
                takes: 's',
                gives: '',
                run([item]) {
                  registered.push(String(item))
                  happened.emit('any')
                  return []
                },
              },
            },
            properties: {},
            signals: {},
          },
        },
      },
      onSignal({ member = '', body = [] }) {
        heard.push(`${member} ${JSON.stringify(body)}`)
        happened.emit('any')
      },
    },
  )
  const match = "type='signal',path='/MenuBar'"
  const matchItem = "type='signal',path='/StatusNotifierItem'"
  for (const rule of [match, matchItem])
    await bus.call({ ...ofBus, member: 'AddMatch', signature: 's', body: [rule] })
  await bus.call({ ...ofBus, member: 'RequestName', signature: 'su', body: [name, 4] })
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => happened.once('any', resolve))
  }
  return {
    bus,
    registered,
    heard,
    registeredSo: (count) => until(() => registered.length >= count),
    heardOf: (what) => until(() => heard.some((it) => what.test(it))),
  }
}
