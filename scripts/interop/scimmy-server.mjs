// A store for scimmy-routers (npm), which is a library and brings none: users and groups in memory, a
// bearer token, one port. Prints a line when it listens.
//
//   node scimmy-server.mjs PORT TOKEN
import {randomUUID} from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const [port, token] = process.argv.slice(2);

// `names` is the index on the attribute that must be unique.
function store(kind, unique) {
    const kept = new Map();
    const names = new Map();
    const missing = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    return {
        ingress(resource, instance) {
            const id = resource.id ?? randomUUID();
            const old = kept.get(id);
            if (resource.id && !old) throw missing(id);
            const body = JSON.parse(JSON.stringify(instance));
            const name = unique && body[unique]?.toLowerCase();
            if (name && (names.get(name) ?? id) !== id) {
                throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} is taken`);
            }
            if (unique && old) names.delete(old[unique].toLowerCase());
            if (name) names.set(name, id);
            const now = new Date().toISOString();
            const meta = {resourceType: kind, created: old?.meta.created ?? now, lastModified: now};
            const entry = {...body, id, meta};
            kept.set(id, entry);
            return entry;
        },
        egress(resource) {
            // The library leaves filters to the store, and brings the means.
            if (!resource.id) return resource.filter ? resource.filter.match([...kept.values()]) : [...kept.values()];
            const entry = kept.get(resource.id);
            if (!entry) throw missing(resource.id);
            return entry;
        },
        degress(resource) {
            const entry = kept.get(resource.id);
            if (!entry) throw missing(resource.id);
            if (unique) names.delete(entry[unique].toLowerCase());
            kept.delete(resource.id);
        },
    };
}

SCIMMY.Resources.declare(SCIMMY.Resources.User, store("User", "userName"));
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Resources.declare(SCIMMY.Resources.Group, store("Group"));

const handler = (request) => {
    if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("Token missing or wrong");
    return "client";
};
express()
    .use("/scim/v2", new SCIMMYRouters({type: "bearer", handler}))
    .listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/scim/v2`));
