// Cap'n Proto's remote calls as far as a stock connector makes them: it asks for the first object (Bootstrap),
// calls its methods, and we answer. No object but the first ever passes.
// https://github.com/capnproto/capnproto/blob/v1.0.2/c%2B%2B/src/capnp/rpc.capnp
import { readMessage, type StructReader } from './capnp/reader.ts'
import { writeMessage, type StructWriter } from './capnp/writer.ts'

/** What a connector says. */
export type RpcMessage =
  | { readonly kind: 'bootstrap'; readonly questionId: number }
  | RpcCall
  | { readonly kind: 'finish'; readonly questionId: number }
  | { readonly kind: 'release' }
  | { readonly kind: 'abort'; readonly reason: string }
  | { readonly kind: 'unimplemented' }
  | { readonly kind: 'other'; readonly tag: number }

export interface RpcCall {
  readonly kind: 'call'
  readonly questionId: number
  readonly interfaceId: bigint
  readonly methodId: number
  /** The object that an earlier question answers, or one that we have sent. */
  readonly target: { readonly promised: number } | { readonly imported: number }
  readonly params: StructReader
}

const tags = {
  unimplemented: 0,
  abort: 1,
  call: 2,
  return: 3,
  finish: 4,
  release: 6,
  bootstrap: 8,
} as const

/** @throws PeerError `malformed-message` */
export function decodeRpc(segments: readonly Buffer[]): RpcMessage {
  const message = readMessage(segments)
  const tag = message.u16(0)
  const body = message.struct(0)
  switch (tag) {
    case tags.bootstrap:
      return { kind: 'bootstrap', questionId: body.u32(0) }
    case tags.call:
      return decodeCall(body)
    case tags.finish:
      return { kind: 'finish', questionId: body.u32(0) }
    case tags.release:
      return { kind: 'release' }
    case tags.abort:
      return { kind: 'abort', reason: body.text(0) }
    case tags.unimplemented:
      return { kind: 'unimplemented' }
    default:
      return { kind: 'other', tag }
  }
}

function decodeCall(call: StructReader): RpcCall {
  const target = call.struct(0)
  const isPromised = target.u16(4) === 1
  return {
    kind: 'call',
    questionId: call.u32(0),
    methodId: call.u16(4),
    interfaceId: call.u64(8),
    target: isPromised ? { promised: target.struct(0).u32(0) } : { imported: target.u32(0) },
    params: call.struct(1).struct(0),
  }
}

/** Answers Bootstrap: the object is capability 0, which we keep. */
export function encodeBootstrapReturn(answerId: number): Buffer {
  return encodeResults(answerId, (payload) => {
    payload.capability(0, 0)
    const [descriptor] = payload.structs(1, 1, 1, 1)
    // senderHosted, of id 0.
    descriptor?.setU16(0, 1)
  })
}

/** Answers a call with a struct of results; without `write` an empty one. */
export function encodeReturn(answerId: number, write?: (payload: StructWriter) => void): Buffer {
  return encodeResults(answerId, write ?? ((payload) => payload.emptyStruct(0)))
}

/** The kinds of exceptions that we answer with. */
export const exceptions = { failed: 0, unimplemented: 3 } as const

export function encodeException(answerId: number, reason: string, type: number): Buffer {
  return writeReturn(answerId, (answer) => {
    answer.setU16(6, 1)
    const exception = answer.struct(0, 1, 1)
    exception.setU16(4, type)
    exception.text(0, reason)
  })
}

/** Says that a message of this tag means nothing here; of the message itself only the tag goes back. */
export function encodeUnimplemented(tag: number): Buffer {
  return writeMessage(1, 1, (root) => {
    root.setU16(0, tags.unimplemented)
    root.struct(0, 1, 1).setU16(0, tag)
  })
}

function encodeResults(answerId: number, write: (payload: StructWriter) => void): Buffer {
  return writeReturn(answerId, (answer) => write(answer.struct(0, 0, 2)))
}

function writeReturn(answerId: number, write: (answer: StructWriter) => void): Buffer {
  return writeMessage(1, 1, (root) => {
    root.setU16(0, tags.return)
    const answer = root.struct(0, 2, 1)
    answer.setU32(0, answerId)
    // releaseParamCaps = false; its default is true, and what is stored is the difference.
    answer.setBit(32)
    write(answer)
  })
}
