/** Whether it was copied: browsers have a clipboard on secure pages only, and may refuse it there. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
