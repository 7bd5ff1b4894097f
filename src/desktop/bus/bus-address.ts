import type { NetConnectOpts } from 'node:net'

/**
 * Where to reach a bus, of what `DBUS_SESSION_BUS_ADDRESS` says; undefined where none of its addresses is a socket of
 * this machine. An abstract socket is one whose name begins with a NUL (unix(7)).
 *
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#addresses
 */
export function parseBusAddress(text: string): NetConnectOpts | undefined {
  for (const address of text.split(';')) {
    if (!address.startsWith('unix:')) continue
    const keys = new Map(
      address
        .slice('unix:'.length)
        .split(',')
        .map((pair) => {
          const at = pair.indexOf('=')
          return [pair.slice(0, Math.max(at, 0)), decode(pair.slice(at + 1))] as const
        }),
    )
    const [path, abstract] = [keys.get('path'), keys.get('abstract')]
    if (path !== undefined) return { path }
    if (abstract !== undefined) return { path: `\0${abstract}` }
  }
  return undefined
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
