// The relay on a machine of its own, with quick looks for hosts that are gone: `LISTEN TO tcp|tls`. Says
// `ready`, `look` at each look, `stands` when the client has stopped reading, and how the tunnel ended.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { parseAuthority } from '../../../src/address.ts'
import { createCertificateAuthority } from '../../../src/net/certificate.ts'
import { dial } from '../../../src/net/dial.ts'
import { createLostHosts } from '../../../src/net/lost-host.ts'
import { readTcpTables } from '../../../src/net/proc-tcp.ts'
import { relay } from '../../../src/net/relay.ts'

const lookIntervalMs = 300
const say = (word: string): void => void process.stdout.write(`${word}\n`)

const [listen, to] = process.argv.slice(2, 4).map((text) => parseAuthority(text))
if (listen === undefined || to === undefined) throw new Error('needs LISTEN and TO')

const authority = await createCertificateAuthority()
const secure = tls.createServer(await authority.issue(['localhost']))
const server = createServer({ allowHalfOpen: true })
server.listen(listen.port, listen.host, () => say('ready'))
const [far] = (await once(server, 'connection')) as [Socket]
server.close()

const client = process.argv[4] === 'tls' ? await accept(far) : far
const upstream = await dial(to)
const lostHosts = createLostHosts({
  lookIntervalMs,
  readTables() {
    say('look')
    return readTcpTables()
  },
})
let looksPaused = 0
const watching = setInterval(() => {
  looksPaused = upstream.isPaused() ? looksPaused + 1 : 0
  if (looksPaused === 10) say('stands')
}, 50)
const { cause, error } = await relay(client, upstream, { lostHosts })
clearInterval(watching)
const code = error && (error as NodeJS.ErrnoException).code
say(`${cause} ${code ?? 'in order'}`)

async function accept(connection: Socket): Promise<tls.TLSSocket> {
  const accepted = once(secure, 'secureConnection') as Promise<[tls.TLSSocket]>
  secure.emit('connection', connection)
  return (await accepted)[0]
}
