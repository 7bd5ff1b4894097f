import { connect } from 'node:net'
import { SystemError } from '../../errors.ts'
import { formatListening, type LocalAddress } from '../../client/serve/listen-address.ts'
import type { AskedService } from './tcp-options.ts'

/** Where a desktop client of this machine finds what is opened for it. */
const chosen: LocalAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 }

/** How long an answer on this machine may take, in milliseconds. */
const answerMs = 500

/**
 * The address for a Remote Desktop client: a free port unless one is asked for. A port on which this
 * machine's own Remote Desktop answers is refused. Listening would tell where both want the same address;
 * but Windows lets one program have 127.0.0.1 and another one all addresses, and then whoever connects
 * signs in to the machine before them instead of the one that is meant.
 *
 * @throws SystemError `address-in-use`
 */
export async function chooseDesktopAddress(
  asked: AskedService['local'],
  hint = 'leave out "--url": a free port is chosen and printed',
): Promise<NonNullable<AskedService['local']>> {
  if (asked === undefined) return { listen: chosen, written: 'localhost:0' }
  const { listen } = asked
  if (listen.kind === 'unix' || listen.port === 0) return asked
  const host = listen.host ?? '127.0.0.1'
  if (!(await answers(host, listen.port))) return asked
  const place = formatListening(host, listen.port)
  throw new SystemError(
    'address-in-use',
    `something answers on "${place}" already, such as this machine's own Remote Desktop`,
    { hint },
  )
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: answerMs })
    const end = (isThere: boolean) => (): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false))
  })
}
