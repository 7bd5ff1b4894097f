/** Most early data that a forged session claims to be allowed, in bytes. */
const maxEarlyBytes = 16_384

/** The tag of `max_early_data` in OpenSSL's SSL_SESSION (ssl/ssl_asn1.c): [15], explicit. */
const earlyDataTag = 0xaf

/** A session that OpenSSL has saved, PEM, which now says that the server takes early data. */
export function withEarlyData(pem: string): string {
  const [, head, text, foot] = /^(-+BEGIN[^\n]+\n)([^-]+)(-+END[^]+)$/.exec(pem) ?? []
  const { content } = read(Buffer.from(text ?? '', 'base64'), 0)
  const value = Buffer.from([0x02, 2, maxEarlyBytes >> 8, maxEarlyBytes & 0xff])
  const parts: Buffer[] = []
  let isIn = false
  for (let at = 0; at < content.length;) {
    const { tag, end } = read(content, at)
    if (!isIn && tag > earlyDataTag) {
      parts.push(write(earlyDataTag, value))
      isIn = true
    }
    parts.push(content.subarray(at, end))
    at = end
  }
  if (!isIn) parts.push(write(earlyDataTag, value))
  const der = write(0x30, Buffer.concat(parts)).toString('base64')
  return `${head}${der.replaceAll(/.{64}/g, '$&\n')}\n${foot}`
}

/** One element of DER with a tag of one byte. */
function read(bytes: Buffer, at: number): { tag: number; content: Buffer; end: number } {
  const first = bytes.readUInt8(at + 1)
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
  const from = at + 2 + lengthBytes
  return {
    tag: bytes.readUInt8(at),
    content: bytes.subarray(from, from + length),
    end: from + length,
  }
}

function write(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
