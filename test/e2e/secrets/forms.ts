/**
 * How a secret may be written where it does not belong: as it is, in base64 and base64url wherever it begins in the text that
 * is encoded, in hexadecimal, percent-encoded, in JSON, in JSON within JSON, and in HTML.
 */
export function formsOf(secret: Buffer): readonly Buffer[] {
  const text = secret.toString('latin1')
  const written = [...hexadecimal(secret), ...base64(secret), ...escaped(text)]
  const forms = new Map([[text, secret]])
  for (const form of written) forms.set(form, Buffer.from(form, 'latin1'))
  return [...forms.values()]
}

function hexadecimal(secret: Buffer): readonly string[] {
  const hex = secret.toString('hex')
  return [hex, hex.toUpperCase()]
}

/** Bytes come in threes: behind one or two others of their three, the same bytes are other characters. */
function base64(secret: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const standard = Buffer.concat([Buffer.alloc(before), secret]).toString('base64')
    // The characters of which every bit is the secret's (RFC 4648, section 4).
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor(((before + secret.length) * 8) / 6)
    const own = standard.slice(from, to)
    const forUrls = own.replaceAll('+', '-').replaceAll('/', '_')
    return [own, forUrls, ...escaped(own)]
  })
}

function escaped(text: string): readonly string[] {
  const percent = encodeURIComponent(text)
  const inJson = JSON.stringify(text).slice(1, -1)
  return [
    percent,
    percent.replaceAll(/%[\dA-F]{2}/g, (byte) => byte.toLowerCase()),
    new URLSearchParams({ '': text }).toString().slice(1),
    inJson,
    inJson.replaceAll('/', String.raw`\/`),
    JSON.stringify(inJson).slice(1, -1),
    text.replaceAll(/[&<>"']/g, (sign) => htmlSigns[sign] ?? sign),
  ]
}

const htmlSigns: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
