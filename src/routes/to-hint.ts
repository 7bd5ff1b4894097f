import { formatAuthority, parseAuthority, parseHost, type HostPort } from '../address.ts'

/** What a scheme says of the port, where somebody writes that of the service itself. */
const servicePorts: ReadonlyMap<string, number> = new Map([
  ['ssh', 22],
  ['sftp', 22],
  ['rdp', 3389],
  ['vnc', 5900],
  ['smb', 445],
  ['ldap', 389],
  ['ldaps', 636],
  ['postgres', 5432],
  ['postgresql', 5432],
  ['mysql', 3306],
  ['mariadb', 3306],
  ['redis', 6379],
  ['rediss', 6379],
  ['mongodb', 27_017],
  ['sqlserver', 1433],
  ['amqp', 5672],
  ['amqps', 5671],
  ['mqtt', 1883],
  ['mqtts', 8883],
])

/** How an entry of `to` that is none is meant, most likely; undefined where nothing tells. */
export function hintOfTo(text: string): string | undefined {
  const written = text.trim()
  const [, scheme, rest = ''] = /^([a-z][a-z\d+.-]*):\/\/(.*)$/is.exec(written) ?? []
  const authority = (scheme === undefined ? written : rest)
    .replace(/^.*@/s, '')
    .replace(/[/?#].*$/s, '')
  if (/^https?$/i.test(scheme ?? '')) return undefined
  const target = targetOf(authority, servicePorts.get(scheme?.toLowerCase() ?? ''))
  return target === undefined ? undefined : `write ${target}`
}

function targetOf(authority: string, port: number | undefined): string | undefined {
  const whole = parseAuthority(authority)
  if (whole !== undefined) return inTcp(whole)
  const [, portAlone] = /^:(\d+)$/.exec(authority) ?? []
  if (portAlone !== undefined) return `tcp://127.0.0.1:${portAlone} for a service on this machine`
  const host = authority === '' ? 'HOST' : hostOf(authority.replace(/:$/, ''))
  if (host === undefined) return undefined
  if (port !== undefined) return `tcp://${host}:${port}`
  return authority === '' ? undefined : `tcp://${host}:PORT, with the port of the service`
}

function hostOf(text: string): string | undefined {
  return parseHost(text) === undefined ? undefined : text.toLowerCase()
}

function inTcp(address: HostPort): string {
  return `tcp://${formatAuthority(address)}`
}
