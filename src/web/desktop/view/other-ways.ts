/** What a hint of the gateway's advises besides `postern request`, for where a form does the same. */
export function otherWays(hint: string | undefined): string | undefined {
  const others = hint?.split('; or ').filter((way) => !way.includes('"postern request'))
  return others === undefined || others.length === 0 ? undefined : others.join('; or ')
}
