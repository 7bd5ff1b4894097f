// What a client of PostgreSQL says first has no kind (documentation, "Message Formats": "StartupMessage", "SSLRequest",
// "GSSENCRequest", "CancelRequest"): its length in four bytes, itself included, and four that say what it is. It may ask
// for encryption before, and is answered by one byte ("Message Flow", "SSL Session Encryption", "GSSAPI Session
// Encryption"). TLS that begins at once begins with 0x16, which is no length of these.

/** What a client says before its messages have kinds. */
export interface Startup {
  /** The client has said by which version it speaks, and in the clear: messages follow from both sides. */
  readonly isOver: boolean
  fromClient(bytes: Uint8Array): void
  /** Answers how many of the bytes are none of messages. */
  fromService(bytes: Uint8Array): number
}

const headBytes = 8
/**
 * `MAX_STARTUP_PACKET_LENGTH` of its server.
 *
 * @limit bytes of what a client of PostgreSQL says first: its tool is not told of a cut
 */
const maxPacketBytes = 10_000
const sslRequest = 80_877_103
const gssEncRequest = 80_877_104
const majorVersion = 3
/** The answer "no": the client goes on in the clear, or ends. */
const refused = 'N'.charCodeAt(0)

/** Follows it; whatever is encrypted or no session is never over. */
export function followStartup(): Startup {
  /** `answer`: the service is asked for encryption; `lost`: there are no messages that could be followed. */
  let state: 'packet' | 'answer' | 'over' | 'lost' = 'packet'
  let has = 0
  let length = 0
  let code = 0

  const takeByte = (byte: number): void => {
    has += 1
    if (has <= 4) length = ((length << 8) | byte) >>> 0
    else if (has <= headBytes) code = ((code << 8) | byte) >>> 0
    if (has === 4 && (length < headBytes || length > maxPacketBytes)) state = 'lost'
    if (has < headBytes || has < length || state === 'lost') return
    state = meaningOf(code)
    has = 0
    length = 0
    code = 0
  }

  return {
    get isOver() {
      return state === 'over'
    },
    fromClient(bytes) {
      for (const byte of bytes) {
        // What follows is sent to whoever answers, or in messages, or cannot be known.
        if (state === 'answer') state = 'lost'
        if (state !== 'packet') return
        takeByte(byte)
      }
    },
    fromService(bytes) {
      if (bytes.length === 0) return 0
      const isRefusal = state === 'answer' && has === 0 && bytes.length === 1
      state = isRefusal && bytes[0] === refused ? 'packet' : 'lost'
      return bytes.length
    },
  }
}

function meaningOf(code: number): 'answer' | 'over' | 'lost' {
  if (code === sslRequest || code === gssEncRequest) return 'answer'
  return code >>> 16 === majorVersion ? 'over' : 'lost'
}
