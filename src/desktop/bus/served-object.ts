import { PeerError } from '../../errors.ts'

/** A method that others may call. */
export interface ServedMethod {
  /** Signatures of what it takes and gives; empty for nothing. */
  readonly takes: string
  readonly gives: string
  /** Must return at once. */
  run(args: readonly unknown[]): readonly unknown[]
}

export interface ServedProperty {
  readonly signature: string
  value(): unknown
}

/** An interface of an object on the bus. Properties can be read, and not written. */
export interface ServedInterface {
  readonly methods: Readonly<Record<string, ServedMethod>>
  readonly properties: Readonly<Record<string, ServedProperty>>
  /** Signatures of what it signals. */
  readonly signals: Readonly<Record<string, string>>
}

/** The interfaces of an object, by name. */
export type ServedObject = Readonly<Record<string, ServedInterface>>

export interface Answer {
  readonly signature: string
  readonly body: readonly unknown[]
}

const standard = 'org.freedesktop.DBus'

/**
 * Answers a call of an object: its own methods, and what every object answers (Properties, Introspectable, Peer). Only
 * what is named in the object is called, and only with what it takes.
 *
 * @throws PeerError whose code is a name of D-Bus, `org.freedesktop.DBus.Error.…`
 */
export function answerCall(
  object: ServedObject,
  call: {
    readonly interface?: string | undefined
    readonly member?: string | undefined
    readonly signature?: string | undefined
    readonly body?: readonly unknown[] | undefined
  },
): Answer {
  const { member = '', signature = '', body = [] } = call
  const name = call.interface ?? interfaceWith(object, member)
  const all: ServedObject = { ...object, ...standardInterfaces(object) }
  if (!Object.hasOwn(all, name)) throw fault('UnknownInterface', `no interface "${name}"`)
  const methods = all[name]?.methods ?? {}
  const method = Object.hasOwn(methods, member) ? methods[member] : undefined
  if (method === undefined) throw fault('UnknownMethod', `no method "${member}"`)
  if (signature !== method.takes) throw fault('InvalidArgs', `"${member}" takes "${method.takes}"`)
  return { signature: method.gives, body: method.run(body) }
}

/** A call need not name its interface. */
function interfaceWith(object: ServedObject, member: string): string {
  return Object.keys(object).find((it) => Object.hasOwn(object[it]?.methods ?? {}, member)) ?? ''
}

function standardInterfaces(object: ServedObject): ServedObject {
  return {
    [`${standard}.Properties`]: {
      methods: {
        Get: { takes: 'ss', gives: 'v', run: ([of, name]) => [variantOf(object, of, name)] },
        GetAll: { takes: 's', gives: 'a{sv}', run: ([of]) => [allOf(object, of)] },
        Set: {
          takes: 'ssv',
          gives: '',
          run([of, name]) {
            variantOf(object, of, name)
            throw fault('PropertyReadOnly', `"${String(name)}" cannot be written`)
          },
        },
      },
      properties: {},
      signals: { PropertiesChanged: 'sa{sv}as' },
    },
    [`${standard}.Introspectable`]: {
      methods: { Introspect: { takes: '', gives: 's', run: () => [introspect(object)] } },
      properties: {},
      signals: {},
    },
    [`${standard}.Peer`]: {
      methods: { Ping: { takes: '', gives: '', run: () => [] } },
      properties: {},
      signals: {},
    },
  }
}

function allOf(object: ServedObject, of: unknown): readonly unknown[] {
  const properties = propertiesOf(object, of)
  return Object.keys(properties).map((name) => [name, variantOf(object, of, name)])
}

function variantOf(object: ServedObject, of: unknown, name: unknown): readonly unknown[] {
  const properties = propertiesOf(object, of)
  const key = String(name)
  const property = Object.hasOwn(properties, key) ? properties[key] : undefined
  if (property === undefined) throw fault('UnknownProperty', `no property "${key}"`)
  return [property.signature, property.value()]
}

function propertiesOf(object: ServedObject, of: unknown): ServedInterface['properties'] {
  const key = String(of)
  if (!Object.hasOwn(object, key)) throw fault('UnknownInterface', `no interface "${key}"`)
  return object[key]?.properties ?? {}
}

function fault(name: string, message: string): PeerError {
  return new PeerError(`${standard}.Error.${name}`, message)
}

/** @see https://dbus.freedesktop.org/doc/dbus-specification.html#introspection-format */
function introspect(object: ServedObject): string {
  const all = { ...object, ...standardInterfaces(object) }
  const interfaces = Object.entries(all).map(([name, { methods, properties, signals }]) =>
    [
      `<interface name="${name}">`,
      ...Object.entries(methods).map(([method, { takes, gives }]) =>
        element('method', method, [...args(takes, 'in'), ...args(gives, 'out')]),
      ),
      ...Object.entries(signals).map(([signal, gives]) => element('signal', signal, args(gives))),
      ...Object.entries(properties).map(
        ([property, { signature }]) =>
          `<property name="${property}" type="${signature}" access="read"/>`,
      ),
      '</interface>',
    ].join(''),
  )
  return `<node>${interfaces.join('')}</node>`
}

function element(kind: string, name: string, inner: readonly string[]): string {
  return `<${kind} name="${name}">${inner.join('')}</${kind}>`
}

function args(signature: string, direction?: string): readonly string[] {
  const attribute = direction === undefined ? '' : ` direction="${direction}"`
  return completeTypes(signature).map((type) => `<arg type="${type}"${attribute}/>`)
}

/** `ia{sv}(ii)` is three types: each container reaches to its own end. */
export function completeTypes(signature: string): readonly string[] {
  const types: string[] = []
  let depth = 0
  let type = ''
  for (const character of signature) {
    type += character
    if (character === '(' || character === '{') depth++
    if (character === ')' || character === '}') depth--
    if (depth > 0 || character === 'a') continue
    types.push(type)
    type = ''
  }
  return types
}
