/** The address of a page that a link may lead to; undefined for any other, such as one with a script. */
export function webLink(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const { protocol, href } = new URL(text)
  return protocol === 'https:' || protocol === 'http:' ? href : undefined
}

/** The origin of a gateway as somebody types it: `gate.example.com` is `https://gate.example.com`. */
export function originOf(gateway: string): string | undefined {
  const text = gateway.trim()
  const url = text.includes('://') ? text : `https://${text}`
  return URL.canParse(url) ? new URL(url).origin : undefined
}
