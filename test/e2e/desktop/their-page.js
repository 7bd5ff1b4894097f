// A page of another program at a port of the same machine, in the browser that has the window open: it tries to reach
// the window's server in every way that a page has, and answers what each of them has brought.

function settle(name, work) {
  return work.then(
    (value) => [name, `got ${JSON.stringify(value)}`],
    () => [name, 'nothing'],
  )
}

function make(name, more) {
  return Object.assign(document.createElement(name), more)
}

function loaded(element) {
  return new Promise((resolve, reject) => {
    element.addEventListener('load', () => resolve('loaded'))
    element.addEventListener('error', reject)
    document.body.append(element)
  })
}

/** What can be read of a frame, or nothing. */
async function readFrame(frame, lead) {
  await loaded(frame)
  const isLed = new Promise((resolve) => frame.addEventListener('load', resolve))
  lead()
  await isLed
  return frame.contentDocument.body.textContent
}

function opened(source) {
  return new Promise((resolve, reject) => {
    source.addEventListener('open', () => resolve('open'))
    source.addEventListener('error', () => {
      source.close()
      reject(new Error('closed'))
    })
  })
}

async function textOf(address, init) {
  const text = await (await fetch(address, init)).text()
  // What is opaque is empty.
  if (text === '') throw new Error('nothing')
  return text
}

// oxlint-disable-next-line no-unused-vars
async function tryEverything(origin) {
  const api = `${origin}/api/browsers`
  const form = make('form', { action: `${origin}/enter`, method: 'POST', target: 'posted' })
  document.body.append(form)
  const framed = make('iframe')
  const ways = {
    fetch: textOf(api),
    'fetch with credentials': textOf(api, { credentials: 'include' }),
    'fetch with a header': textOf(api, { headers: { authorization: 'Postern x' } }),
    'fetch without leave': textOf(`${origin}/`, { mode: 'no-cors' }),
    'post without leave': textOf(`${origin}/api/up`, {
      method: 'POST',
      mode: 'no-cors',
      body: '{}',
    }),
    hello: textOf(`${origin}/hello?nonce=${'n'.repeat(22)}`),
    script: loaded(make('script', { src: api })),
    'page as script': loaded(make('script', { src: `${origin}/` })),
    image: loaded(make('img', { src: `${origin}/icon-192.png` })),
    style: loaded(make('link', { rel: 'stylesheet', href: `${origin}/` })),
    'web socket': opened(new WebSocket(`${origin.replace('http', 'ws')}/api/events`)),
    'event source': opened(new EventSource(`${origin}/api/events`)),
    'service worker': navigator.serviceWorker.register(`${origin}/worker.js`),
    frame: readFrame(framed, () => (framed.src = `${origin}/`)),
    form: readFrame(make('iframe', { name: 'posted' }), () => form.submit()),
    database: indexedDB.databases().then((found) => found[0].name),
    cookie: cookieStore.getAll().then((found) => found[0].name),
  }
  const tried = Object.entries(ways).map(([name, work]) => settle(name, work))
  return Object.fromEntries(await Promise.all(tried))
}
