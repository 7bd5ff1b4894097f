/** How long the browser has to take a file, in milliseconds. */
const takenAfterMs = 60_000

/** Gives somebody a file, where their browser puts what it downloads. */
export function download(fileName: string, text: string, type = 'text/plain'): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = fileName
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), takenAfterMs)
}
