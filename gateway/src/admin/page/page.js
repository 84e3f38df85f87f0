// Makes a page live: what the server tells is put where its name stands. Everything works without.
const feed = document.body.dataset.feed;
const note = document.getElementById('live');

function put(name, text) {
  for (const part of document.querySelectorAll(`[data-k="${CSS.escape(name)}"]`)) {
    if (part.textContent === text) continue;
    part.textContent = text;
    if (part.dataset.state !== undefined) part.dataset.state = text.split(' ').pop();
    if (part.dataset.count !== undefined) part.dataset.count = text === '0' ? 'none' : 'some';
  }
}

if (feed && note && 'EventSource' in window) {
  const source = new EventSource(feed);
  source.onopen = () => { note.textContent = '● live'; };
  source.onerror = () => { note.textContent = source.readyState === 2 ? '○ not live: load the page again' : '○ connecting'; };
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    if (told.generation && told.generation !== document.body.dataset.generation) {
      document.getElementById('changed').hidden = false;
      delete told.generation;
    }
    for (const [name, text] of Object.entries(told)) put(name, text);
  };
  addEventListener('pagehide', () => source.close());
}

// A choice in a list is followed at once; without a script the button beside it does that.
for (const list of document.querySelectorAll('select[data-follow]')) {
  list.addEventListener('change', () => list.form.requestSubmit());
}
