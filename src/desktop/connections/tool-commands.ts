import { bracketed, formatAuthority, parseAuthority, type HostPort } from '../../address.ts'
import { hasServiceTool, quoted, serviceCommands, servicePortIn } from '../../service-tools.ts'
import { quote } from '../../shell.ts'
import type { ToolCommand } from '../wire/calls.ts'
import type { ConnectionSettings } from '../wire/connection.ts'
import { checkConnection } from './check-connection.ts'
import { localPlace } from './local-place.ts'

/** Ports of web services. Applications have 443 whatever they are: it says nothing. */
const webSchemes: ReadonlyMap<number, 'http' | 'https'> = new Map([
  [80, 'http'],
  [8000, 'http'],
  [8080, 'http'],
  [8443, 'https'],
])

/**
 * The commands that use a connection by its local address. Which tool it is for is guessed from the port of its
 * destination, else from what it and its host are called.
 */
export function commandsFor(settings: ConnectionSettings, address: string): readonly ToolCommand[] {
  const target = parseAuthority(checkConnection(settings).checked?.destination?.authority ?? '')
  const place = localPlace(address)
  if (target === undefined || place === undefined) return []
  const service = serviceOf(target, settings.name)
  return place.kind === 'unix'
    ? byUnixSocket(service, place.path, target)
    : byPort(service, place.at, target)
}

function serviceOf({ host, port }: HostPort, name: string): number {
  if (port === 22 || hasServiceTool(port) || webSchemes.has(port)) return port
  return servicePortIn([name, host]) ?? port
}

function byPort(service: number, local: HostPort, target: HostPort): readonly ToolCommand[] {
  const web = webSchemes.get(service)
  if (service === 22) return sshCommands(local, target)
  return web === undefined
    ? serviceCommands(service, local, target.host)
    : [{ tool: 'curl', command: curl(web, local, target) }]
}

/** The server's key is looked up by the name of the destination: it is the same whatever its local address is. */
function sshCommands({ host, port }: HostPort, target: HostPort): readonly ToolCommand[] {
  const name = target.port === 22 ? target.host : `[${target.host}]:${target.port}`
  const alias = `-o ${quoted(`HostKeyAlias=${name}`)}`
  return [
    { tool: 'ssh', command: `ssh ${alias} -p ${port} ${host}` },
    { tool: 'sftp', command: `sftp ${alias} -P ${port} ${quoted(bracketed(host))}` },
  ]
}

/** By the name of the destination, for its certificate and its virtual hosts. */
function curl(scheme: string, local: HostPort, target: HostPort): string {
  const way = quoted(`${formatAuthority(target)}:${formatAuthority(local)}`)
  return `curl --connect-to ${way} ${quoted(`${scheme}://${formatAuthority(target)}/`)}`
}

/** For the shells of systems that have such sockets. */
function byUnixSocket(service: number, path: string, target: HostPort): readonly ToolCommand[] {
  const file = quote(path)
  const web = webSchemes.get(service)
  if (web !== undefined) {
    const url = quoted(`${web}://${formatAuthority(target)}/`)
    return [{ tool: 'curl', command: `curl --unix-socket ${file} ${url}` }]
  }
  if (service === 3306) return [{ tool: 'mysql', command: `mysql --socket=${file}` }]
  if (service === 6379) return [{ tool: 'redis-cli', command: `redis-cli -s ${file}` }]
  return []
}
