import { printable } from '../../terminal-text.ts'
import type { ConnectionView } from '../wire/view.ts'
import type { TrayModel } from './tray-model.ts'

/** An entry of the tray's menu. */
export interface MenuItem {
  /** What it is: the same one has the same key in every menu. */
  readonly key: string
  /** Empty for a line between others. */
  readonly label: string
  /** Undefined for one that is no switch. */
  readonly isOn?: boolean
  readonly isEnabled: boolean
  readonly items: readonly MenuItem[]
  readonly run?: () => void
}

/** @limit connections in one list of the tray's menu: an entry leads to the window for the rest */
const maxConnections = 40
/** @limit tags in the tray's menu: an entry leads to the window for the rest */
const maxTags = 30
/** @limit a name in the tray's menu, in characters: the rest is left out */
const maxNameChars = 60

/** The menu as it is now: the window, a menu for each tag, the connections without one, and the end. */
export function trayMenu(model: TrayModel): readonly MenuItem[] {
  const { connections } = model.view()
  const tags = [...new Set(connections.flatMap(({ settings }) => settings.tags))].sort((a, b) =>
    a.localeCompare(b),
  )
  const untagged = connections.filter(({ settings }) => settings.tags.length === 0)
  const open: MenuItem = entry('open', 'Open window', () => model.openWindow())
  return [
    open,
    line('above'),
    ...tags.slice(0, maxTags).map((tag) => tagMenu(model, tag, connections)),
    ...(tags.length > maxTags ? [entry('tags', 'More in the window…', open.run)] : []),
    ...connectionItems(model, untagged, 'untagged'),
    ...(connections.length === 0
      ? [{ ...entry('none', 'No connections yet'), isEnabled: false }]
      : []),
    line('below'),
    entry(
      'up',
      'Connect all',
      () => model.up({}),
      connections.some(({ is_up }) => !is_up),
    ),
    entry(
      'down',
      'Disconnect all',
      () => model.down({}),
      connections.some(({ is_up }) => is_up),
    ),
    line('end'),
    entry('quit', 'Quit', () => model.quit()),
  ]
}

function tagMenu(model: TrayModel, tag: string, connections: readonly ConnectionView[]): MenuItem {
  const tagged = connections.filter(({ settings }) => settings.tags.includes(tag))
  const upCount = tagged.filter(({ is_up }) => is_up).length
  const key = `tag:${tag}`
  return {
    ...entry(key, `${shown(tag)} (${upCount} of ${tagged.length})`),
    items: [
      entry(`${key}:up`, 'Connect all', () => model.up({ tag }), upCount < tagged.length),
      entry(`${key}:down`, 'Disconnect all', () => model.down({ tag }), upCount > 0),
      line(key),
      ...connectionItems(model, tagged, key),
    ],
  }
}

function connectionItems(
  model: TrayModel,
  connections: readonly ConnectionView[],
  within: string,
): readonly MenuItem[] {
  const items = connections.slice(0, maxConnections).map((view) => toggle(model, view, within))
  if (connections.length <= maxConnections) return items
  return [...items, entry(`${within}:more`, 'More in the window…', () => model.openWindow())]
}

function toggle(model: TrayModel, view: ConnectionView, within: string): MenuItem {
  const { id, settings, is_up: isUp, state } = view
  const which = { connections: [id] }
  const label = isUp ? `${shown(settings.name)}${troubles[state] ?? ''}` : shown(settings.name)
  return {
    ...entry(`${within}:connection:${id}`, label, () =>
      // As it is when somebody clicks: the menu may be some seconds old.
      model.view().connections.some((it) => it.id === id && it.is_up)
        ? model.down(which)
        : model.up(which),
    ),
    isOn: isUp,
    isEnabled: isUp || state !== 'unsupported',
  }
}

/** What is said behind the name of one that is wanted and does not work. */
const troubles: Partial<Record<ConnectionView['state'], string>> = {
  'sign-in-needed': ': sign-in needed',
  'gateway-unreachable': ': gateway unreachable',
  'service-unreachable': ': service unreachable',
  denied: ': denied',
  failed: ': failed',
  'not-listening': ': not listening',
  unsupported: ': not supported',
}

function entry(key: string, label: string, run?: () => void, isEnabled = true): MenuItem {
  return { key, label, isEnabled, items: [], ...(run === undefined ? {} : { run }) }
}

function line(key: string): MenuItem {
  return { key: `line:${key}`, label: '', isEnabled: true, items: [] }
}

/** Somebody else may have written it: a name of a route, of a team's file. */
function shown(name: string): string {
  const clean = printable(name)
  return clean.length > maxNameChars ? `${clean.slice(0, maxNameChars - 1)}…` : clean
}
