// What the provider remembers, in this process alone: sessions, grants, codes, tokens. Gone when it ends.

const seconds = () => Math.floor(Date.now() / 1000);

export class Store {
  #rows = new Map();

  clear() {
    this.#rows.clear();
  }

  // The adapter of one of oidc-provider's models; it decides the names of these functions.
  adapterFor(model) {
    const key = (id) => `${model}:${id}`;
    const find = (id) => this.#live(key(id));
    return {
      find: async (id) => find(id),
      findByUid: async (uid) => this.#all(model).find((payload) => payload.uid === uid),
      findByUserCode: async () => undefined, // of devices without a browser: not offered
      upsert: async (id, payload, ttl) => {
        this.#rows.set(key(id), { payload, until: ttl ? seconds() + ttl : Infinity });
      },
      consume: async (id) => {
        find(id).consumed = seconds();
      },
      destroy: async (id) => {
        this.#rows.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        this.#drop(model, (payload) => payload.grantId === grantId);
      },
    };
  }

  sessionsOf(subject) {
    return this.#all('Session').filter((session) => session.accountId === subject);
  }

  endSessionsOf(subject) {
    return this.#drop('Session', (session) => session.accountId === subject);
  }

  #live(key) {
    const row = this.#rows.get(key);
    return row && row.until > seconds() ? row.payload : undefined;
  }

  #all(model) {
    const keys = [...this.#rows.keys()].filter((key) => key.startsWith(`${model}:`));
    return keys.map((key) => this.#live(key)).filter(Boolean);
  }

  #drop(model, isMeant) {
    const meant = [...this.#rows].filter(([key, row]) => key.startsWith(`${model}:`) && isMeant(row.payload));
    meant.forEach(([key]) => this.#rows.delete(key));
    return meant.length;
  }
}
