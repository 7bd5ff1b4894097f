/** What is inside of the executable besides our own: a package, a runtime. */
export interface Component {
  readonly name: string
  readonly version: string
  /** SPDX, such as `MIT`. */
  readonly license: string
  /** The text that comes with it. */
  readonly text: string
}
