/** Signs what is to be provable with the gateway's own key. */
export interface NoteSigner {
  /** Names the log. */
  readonly origin: string
  /** Answers the note, and the public parts of the keys that signed it. */
  sign(text: string): Promise<{ readonly note: string; readonly verifierKeys: readonly string[] }>
  /** The public parts, that of the current key first. */
  verifierKeys(): Promise<readonly string[]>
}
