// In a browser: index.html#YOUR-NAME/PASSWORD/THEIR-NAME?url=… Works offline and after a reload, since everything is in IndexedDB.
import { localStorageTokens } from '@vicinity/client'
import { browserTabs, indexedDbStorage } from '@vicinity/client/store'
import { chatWith, signIn } from './chat.mjs'

const [names = '', query] = location.hash.slice(1).split('?')
const [username, password, peer] = names.split('/').map(decodeURIComponent)
const url = new URLSearchParams(query).get('url') ?? '/graphql'
const [list, phase, form, input] = ['messages', 'phase', 'form', 'input'].map((id) => document.getElementById(id))

const client = await signIn({ url, auth: { storage: localStorageTokens(`token:${username}`) } }, username, password)
// One database for each account, which all tabs of it share.
const name = `chat:${username}`
const chat = await chatWith(peer, {
  client,
  storage: indexedDbStorage({ name }),
  tabs: browserTabs(name),
  show(state) {
    phase.textContent = state.phase
    list.replaceChildren(...state.messages.map(line))
  },
})

function line(message) {
  const item = document.createElement('li')
  // As text: it was written by somebody else.
  item.textContent = message.body ?? '(deleted)'
  item.className = `${message.isMine ? 'mine' : 'theirs'} ${message.status}`
  if (message.status === 'failed') item.onclick = () => chat.retry(message)
  return item
}

form.onsubmit = (event) => {
  event.preventDefault()
  if (input.value.trim()) void chat.send(input.value)
  input.value = ''
}
