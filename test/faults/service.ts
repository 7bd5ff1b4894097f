import type { Socket } from 'node:net'
import { startService } from '../e2e/services.ts'
import type { Scope } from '../e2e/scope.ts'

/** The other end of transfers, which tells them apart by the first bytes of each. */
export interface FaultService {
  readonly port: number
  /** One that came to another address of it. */
  take(socket: Socket): void
  /** One more: what its client has to send first, and the connection on which that comes. */
  expect(): { readonly id: number; readonly head: Buffer; readonly arrives: Promise<Socket> }
}

const headBytes = 4

export async function startFaultService(scope: Scope): Promise<FaultService> {
  const expected = new Map<number, (socket: Socket) => void>()
  let last = 0
  const take = (socket: Socket): void => takeHead(socket, expected)
  const port = await startService(scope, take)
  return {
    port,
    take,
    expect() {
      const id = (last += 1)
      const head = Buffer.alloc(headBytes)
      head.writeUInt32BE(id)
      return { id, head, arrives: new Promise((resolve) => expected.set(id, resolve)) }
    },
  }
}

function takeHead(socket: Socket, expected: Map<number, (socket: Socket) => void>): void {
  const look = (): void => {
    const head = socket.read(headBytes) as Buffer | null
    if (head === null) return
    socket.off('readable', look)
    const id = head.readUInt32BE(0)
    expected.get(id)?.(socket)
    expected.delete(id)
  }
  socket.on('readable', look)
}
