/** What package managers of other systems are told: they bring archives of a release from where it is offered. */
export interface Release {
  readonly version: string
  /** Below which the files of the release are, without a `/` at its end. */
  readonly url: string
  /** By the name of the file, in hexadecimal digits. */
  readonly sums: ReadonlyMap<string, string>
}

export interface Download {
  readonly url: string
  readonly sha256: string
}

/** @throws Error when the release has no such file. */
export function downloadOf({ url, sums }: Release, file: string): Download {
  const sha256 = sums.get(file)
  if (sha256 === undefined) throw new Error(`SHA256SUMS has no "${file}": package that system, too`)
  return { url: `${url}/${file}`, sha256 }
}

/**
 * Where downloads are, as it is to be written.
 *
 * @throws Error when it is no address of HTTPS, or has more than one: a query, or a password, which everybody would read.
 */
export function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.protocol === 'https:' && url.href === `${url.origin}${url.pathname}`
  if (url === undefined || !isPlain)
    throw new Error(`--url is "${text}", and must be such as https://downloads.example.com/postern`)
  return url.href.replace(/\/+$/, '')
}
