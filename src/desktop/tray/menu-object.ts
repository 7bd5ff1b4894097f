import { PeerError } from '../../errors.ts'
import type { ServedInterface } from '../bus/served-object.ts'
import type { MenuItem } from './menu.ts'

/**
 * The menu as programs of the desktop read it: `com.canonical.dbusmenu`, version 3. Each item has a number that stays
 * its own as long as the menu is there, so that a click on what is no more does nothing else.
 */
export interface MenuObject {
  readonly interface: ServedInterface
  /** Takes over a menu; answers the number of its form where it is another one than before. */
  update(items: readonly MenuItem[]): number | undefined
}

export const menuInterfaceName = 'com.canonical.dbusmenu'

interface Node {
  readonly id: number
  readonly item: MenuItem | undefined
  readonly children: readonly Node[]
}

export function createMenuObject(): MenuObject {
  const numbers = new Map<string, number>()
  const runs = new Map<number, () => void>()
  let nodes = new Map<number, Node>()
  let revision = 1
  let form = ''
  adopt([])

  function numberOf(key: string): number {
    const known = numbers.get(key) ?? numbers.size + 1
    numbers.set(key, known)
    return known
  }

  function adopt(items: readonly MenuItem[]): void {
    nodes = new Map()
    runs.clear()
    const build = (item: MenuItem): Node => {
      const node = { id: numberOf(item.key), item, children: item.items.map(build) }
      nodes.set(node.id, node)
      if (item.run !== undefined) runs.set(node.id, item.run)
      return node
    }
    nodes.set(0, { id: 0, item: undefined, children: items.map(build) })
  }

  function nodeOf(id: unknown): Node {
    const found = nodes.get(Number(id))
    if (found !== undefined) return found
    throw new PeerError('org.freedesktop.DBus.Error.InvalidArgs', `no item ${String(id)}`)
  }

  function click(id: unknown, event: unknown): void {
    const node = nodes.get(Number(id))
    if (event === 'clicked' && node?.item?.isEnabled === true) runs.get(node.id)?.()
  }

  return {
    update(items) {
      const next = JSON.stringify(items)
      adopt(items)
      if (next === form) return undefined
      form = next
      return ++revision
    },
    interface: {
      methods: {
        GetLayout: {
          takes: 'iias',
          gives: 'u(ia{sv}av)',
          run: ([parent, depth]) => [revision, layoutOf(nodeOf(parent), Number(depth))],
        },
        GetGroupProperties: {
          takes: 'aias',
          gives: 'a(ia{sv})',
          run([ids]) {
            const asked = numbersIn(ids)
            const meant = asked.length === 0 ? [...nodes.keys()] : asked
            return [meant.flatMap((id) => (nodes.has(id) ? [[id, propertiesOf(nodeOf(id))]] : []))]
          },
        },
        GetProperty: {
          takes: 'is',
          gives: 'v',
          run([id, name]) {
            const found = propertiesOf(nodeOf(id)).find(([key]) => key === name)
            if (found !== undefined) return [found[1]]
            throw new PeerError('org.freedesktop.DBus.Error.InvalidArgs', `no "${String(name)}"`)
          },
        },
        Event: {
          takes: 'isvu',
          gives: '',
          run([id, event]) {
            click(id, event)
            return []
          },
        },
        EventGroup: {
          takes: 'a(isvu)',
          gives: 'ai',
          run([events]) {
            const all = Array.isArray(events) ? (events as readonly (readonly unknown[])[]) : []
            for (const [id, event] of all) click(id, event)
            return [all.map(([id]) => Number(id)).filter((id) => !nodes.has(id))]
          },
        },
        AboutToShow: { takes: 'i', gives: 'b', run: () => [false] },
        AboutToShowGroup: { takes: 'ai', gives: 'aiai', run: () => [[], []] },
      },
      properties: {
        Version: { signature: 'u', value: () => 3 },
        TextDirection: { signature: 's', value: () => 'ltr' },
        Status: { signature: 's', value: () => 'normal' },
        IconThemePath: { signature: 'as', value: () => [] },
      },
      signals: {
        LayoutUpdated: 'ui',
        ItemsPropertiesUpdated: 'a(ia{sv})a(ias)',
        ItemActivationRequested: 'iu',
      },
    },
  }
}

type Properties = readonly (readonly [name: string, variant: readonly [string, unknown]])[]

function propertiesOf({ item, children }: Node): Properties {
  const submenu: Properties = children.length > 0 ? [['children-display', ['s', 'submenu']]] : []
  if (item === undefined) return submenu
  if (item.label === '') return [['type', ['s', 'separator']]]
  return [
    // One underline would mark the letter behind it as a key.
    ['label', ['s', item.label.replaceAll('_', '__')]],
    ['enabled', ['b', item.isEnabled]],
    ...(item.isOn === undefined
      ? []
      : ([
          ['toggle-type', ['s', 'checkmark']],
          ['toggle-state', ['i', item.isOn ? 1 : 0]],
        ] as const)),
    ...submenu,
  ]
}

/** @param depth how far down; below 0 for all */
function layoutOf(node: Node, depth: number): readonly unknown[] {
  const children = depth === 0 ? [] : node.children
  return [
    node.id,
    propertiesOf(node),
    children.map((child) => ['(ia{sv}av)', layoutOf(child, depth - 1)]),
  ]
}

function numbersIn(ids: unknown): readonly number[] {
  return Array.isArray(ids) ? ids.map(Number) : []
}
