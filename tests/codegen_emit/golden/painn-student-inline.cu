MLFF_KERNEL(phase_0, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3,
            real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    int j, row;
  };
  constexpr int kTileNumbers = 24;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 8;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a28[slots<8>()] = {};
    real a31x[slots<8>()] = {};
    real a31y[slots<8>()] = {};
    real a31z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        p.v15 = v15;
        p.v20 = v20;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        p.v16[f] = v16;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m22[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m22[e] = group_at<8>(c3 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c4 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m22[e], pair[e].v16[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v23 = m_silu(m22[e].value[u]);
              team_array[0 * kPairBatch + e * 8 + f + u] = v23;
            }
          }
        }
        team_barrier();
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m24[e] = group_at<8>(c5 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m24[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m25[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m25[e] = group_at<8>(c8 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c9 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m25[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g26 = group_at<8>(&c7[row_of(element[p.j], 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v26 = g26.value[u];
              const real v27 = m24[e].value[u] * v26;
              const real v20 = p.v20;
              const real v29 = v20 * m25[e].value[u];
              const real v30x = p.ux * v29;
              const real v30y = p.uy * v29;
              const real v30z = p.uz * v29;
              a28[c + u] += v27;
              a31x[c + u] += v30x;
              a31y[c + u] += v30y;
              a31z[c + u] += v30z;
            }
          }
        }
        team_barrier();
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a28, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&b0[row_of(i, 24) + f], group_of_slots<8>(a31x, c));
      put_group<8>(&b0[row_of(i, 24) + 8 + f], group_of_slots<8>(a31y, c));
      put_group<8>(&b0[row_of(i, 24) + 16 + f], group_of_slots<8>(a31z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c7[row_of(element[i], 8) + f]);
      const Group<8> g28 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g31x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g31y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g31z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      Group<8> r32;
      Group<8> r34;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v28 = g28.value[u];
        const real v32 = v0 + v28;
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v33 = v31x * v31x + v31y * v31y + v31z * v31z;
        const real v34 = m_sqrt(v33);
        r32.value[u] = v32;
        r34.value[u] = v34;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r32);
      put_group<8>(&tile[8 * kTile + t * 8 + f], r34);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c0, 1.0f, c10, false, ring, first_steps<8, 8, 1, 1>(c11),
                          tile + 16 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 8 * kTile, nullptr, c11, 1.0f, nullptr, true, ring, first_steps<8, 8, 3, 1>(c12),
                          tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g35 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      Group<8> r36;
      Group<8> r125;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v35 = g35.value[u];
        const real v36 = m_silu(v35);
        const real v120 = m_sigmoid(v35);
        const real v121 = -v120;
        const real v122 = 1.0f + v121;
        const real v123 = v35 * v122;
        const real v124 = 1.0f + v123;
        const real v125 = v120 * v124;
        r36.value[u] = v36;
        r125.value[u] = v125;
      }
      put_group<8>(&tile[8 * kTile + t * 8 + f], r36);
      put_group<8>(&b5[row_of(i, 8) + f], r125);
    }
  }
  block_barrier();
  linear_tile<8, 8, 3, 1>(rows, tile + 8 * kTile, nullptr, c12, 1.0f, c13, false, ring, no_steps(),
                          b1 + row_of(first, 8), b2 + row_of(first, 8), tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g32 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g39 = group_at<8>(&tile[16 * kTile + t * 8 + f]);
      const Group<8> g31x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g31y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g31z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g37 = group_at<8>(&b1[row_of(i, 8) + f]);
      const Group<8> g38 = group_at<8>(&b2[row_of(i, 8) + f]);
      Group<8> r40;
      Group<8> r44x;
      Group<8> r44y;
      Group<8> r44z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v32 = g32.value[u];
        const real v39 = g39.value[u];
        const real v40 = v32 + v39;
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v37 = g37.value[u];
        const real v41x = v31x * v37;
        const real v41y = v31y * v37;
        const real v41z = v31z * v37;
        const real v38 = g38.value[u];
        const real v42x = 0.484821283f * v31x + 0.204203539f * v31y + 0.654162232f * v31z;
        const real v42y = (-0.248573005f) * v31x + 0.365251871f * v31y + (-0.879563111f) * v31z;
        const real v42z = (-0.413928028f) * v31x + 0.790083147f * v31y + 0.165228596f * v31z;
        const real v43x = v38 * v42x;
        const real v43y = v38 * v42y;
        const real v43z = v38 * v42z;
        const real v44x = v41x + v43x;
        const real v44y = v41y + v43y;
        const real v44z = v41z + v43z;
        r40.value[u] = v40;
        r44x.value[u] = v44x;
        r44y.value[u] = v44y;
        r44z.value[u] = v44z;
      }
      put_group<8>(&b3[row_of(i, 8) + f], r40);
      put_group<8>(&b4[row_of(i, 24) + f], r44x);
      put_group<8>(&b4[row_of(i, 24) + 8 + f], r44y);
      put_group<8>(&b4[row_of(i, 24) + 16 + f], r44z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27, const real* MLFF_RESTRICT c28,
            const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30, const real* MLFF_RESTRICT c31,
            const real* MLFF_RESTRICT c32, const real* MLFF_RESTRICT c33, const real* MLFF_RESTRICT c34,
            const real* MLFF_RESTRICT c35, const real* MLFF_RESTRICT c36, const real* MLFF_RESTRICT b3,
            const real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b6, real* MLFF_RESTRICT b7) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    int j, row;
  };
  constexpr int kTileNumbers = 64;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 8;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c14));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a52[slots<8>()] = {};
    real a58x[slots<8>()] = {};
    real a58y[slots<8>()] = {};
    real a58z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        p.v15 = v15;
        p.v20 = v20;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        p.v16[f] = v16;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m45[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m45[e] = group_at<8>(c15 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c16 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m45[e], pair[e].v16[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v46 = m_silu(m45[e].value[u]);
              team_array[0 * kPairBatch + e * 8 + f + u] = v46;
            }
          }
        }
        team_barrier();
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m47[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m47[e] = group_at<8>(c17 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c18 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m47[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m48[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m48[e] = group_at<8>(c19 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m48[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m49[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m49[e] = group_at<8>(c21 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m49[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g50 = group_at<8>(&b3[row_of(p.j, 8) + f]);
            const Group<8> g53x = group_at<8>(&b4[row_of(p.j, 24) + f]);
            const Group<8> g53y = group_at<8>(&b4[row_of(p.j, 24) + 8 + f]);
            const Group<8> g53z = group_at<8>(&b4[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v50 = g50.value[u];
              const real v51 = m47[e].value[u] * v50;
              const real v53x = g53x.value[u];
              const real v53y = g53y.value[u];
              const real v53z = g53z.value[u];
              const real v54x = m48[e].value[u] * v53x;
              const real v54y = m48[e].value[u] * v53y;
              const real v54z = m48[e].value[u] * v53z;
              const real v20 = p.v20;
              const real v55 = v20 * m49[e].value[u];
              const real v56x = p.ux * v55;
              const real v56y = p.uy * v55;
              const real v56z = p.uz * v55;
              const real v57x = v54x + v56x;
              const real v57y = v54y + v56y;
              const real v57z = v54z + v56z;
              a52[c + u] += v51;
              a58x[c + u] += v57x;
              a58y[c + u] += v57y;
              a58z[c + u] += v57z;
            }
          }
        }
        team_barrier();
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[0 * kTile + t * 8 + f], group_of_slots<8>(a52, c)); }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[8 * kTile + t * 24 + f], group_of_slots<8>(a58x, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 8 + f], group_of_slots<8>(a58y, c));
      put_group<8>(&tile[8 * kTile + t * 24 + 16 + f], group_of_slots<8>(a58z, c));
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g40 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g52 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g44x = group_at<8>(&b4[row_of(i, 24) + f]);
      const Group<8> g44y = group_at<8>(&b4[row_of(i, 24) + 8 + f]);
      const Group<8> g44z = group_at<8>(&b4[row_of(i, 24) + 16 + f]);
      const Group<8> g58x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g58y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g58z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      Group<8> r60;
      Group<8> r61;
      Group<8> r62;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v40 = g40.value[u];
        const real v52 = g52.value[u];
        const real v60 = v40 + v52;
        const real v44x = g44x.value[u];
        const real v44y = g44y.value[u];
        const real v44z = g44z.value[u];
        const real v58x = g58x.value[u];
        const real v58y = g58y.value[u];
        const real v58z = g58z.value[u];
        const real v59x = v44x + v58x;
        const real v59y = v44y + v58y;
        const real v59z = v44z + v58z;
        const real v61 = v59x * v59x + v59y * v59y + v59z * v59z;
        const real v62 = m_sqrt(v61);
        r60.value[u] = v60;
        r61.value[u] = v61;
        r62.value[u] = v62;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r60);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r61);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r62);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c14, 1.0f, c23, false, ring, first_steps<8, 8, 1, 1>(c24),
                          tile + 48 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c24, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c25), tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g63 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      Group<8> r64;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v63 = g63.value[u];
        const real v64 = m_silu(v63);
        r64.value[u] = v64;
      }
      put_group<8>(&tile[40 * kTile + t * 8 + f], r64);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c25, 1.0f, c26, false, ring, first_steps<8, 6, 1, 1>(c27),
                          tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g60 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g65 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      Group<8> r66;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v60 = g60.value[u];
        const real v65 = g65.value[u];
        const real v66 = v60 + v65;
        r66.value[u] = v66;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r66);
    }
  }
  block_barrier();
  linear_tile<8, 6, 1, 1>(rows, tile + 0 * kTile, nullptr, c27, 1.0f, c28, false, ring, first_steps<6, 4, 1, 1>(c29),
                          tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 6) {
      const Group<6> g67 = group_at<6>(&tile[40 * kTile + t * 6 + f]);
      Group<6> r68;
      MLFF_EACH_OF_GROUP(u, 6) {
        const real v67 = g67.value[u];
        const real v68 = m_silu(v67);
        r68.value[u] = v68;
      }
      put_group<6>(&tile[0 * kTile + t * 6 + f], r68);
    }
  }
  block_barrier();
  linear_tile<6, 4, 1, 1>(rows, tile + 0 * kTile, nullptr, c29, 1.0f, c30, false, ring, first_steps<4, 1, 1, 1>(c31),
                          tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 4) {
      const Group<4> g69 = group_at<4>(&tile[56 * kTile + t * 4 + f]);
      const Group<4> g73 = group_at<4>(&c32[f]);
      Group<4> r70;
      Group<4> r80;
      MLFF_EACH_OF_GROUP(u, 4) {
        const real v69 = g69.value[u];
        const real v70 = m_silu(v69);
        const real v73 = g73.value[u];
        const real v74 = m_sigmoid(v69);
        const real v75 = -v74;
        const real v76 = 1.0f + v75;
        const real v77 = v69 * v76;
        const real v78 = 1.0f + v77;
        const real v79 = v74 * v78;
        const real v80 = v73 * v79;
        r70.value[u] = v70;
        r80.value[u] = v80;
      }
      put_group<4>(&tile[0 * kTile + t * 4 + f], r70);
      put_group<4>(&tile[4 * kTile + t * 4 + f], r80);
    }
  }
  block_barrier();
  linear_tile<4, 1, 1, 1>(rows, tile + 0 * kTile, nullptr, c31, 1.0f, nullptr, false, ring,
                          first_steps<4, 6, 1, 1>(c33), tile + 46 * kTile);
  linear_tile<4, 6, 1, 1>(rows, tile + 4 * kTile, nullptr, c33, 1.0f, nullptr, false, ring,
                          first_steps<6, 8, 1, 1>(c34), tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 6) {
      const Group<6> g81 = group_at<6>(&tile[56 * kTile + t * 6 + f]);
      const Group<6> g67 = group_at<6>(&tile[40 * kTile + t * 6 + f]);
      Group<6> r88;
      MLFF_EACH_OF_GROUP(u, 6) {
        const real v81 = g81.value[u];
        const real v67 = g67.value[u];
        const real v82 = m_sigmoid(v67);
        const real v83 = -v82;
        const real v84 = 1.0f + v83;
        const real v85 = v67 * v84;
        const real v86 = 1.0f + v85;
        const real v87 = v82 * v86;
        const real v88 = v81 * v87;
        r88.value[u] = v88;
      }
      put_group<6>(&tile[0 * kTile + t * 6 + f], r88);
    }
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v71 = tile[46 * kTile + t * 1];
        atom_energy[i] = v71;
      }
    }
  }
  block_barrier();
  linear_tile<6, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c34, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c35), tile + 40 * kTile);
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c35, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 2, 1>(c36), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g90 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g63 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      Group<8> r97;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v90 = g90.value[u];
        const real v63 = g63.value[u];
        const real v91 = m_sigmoid(v63);
        const real v92 = -v91;
        const real v93 = 1.0f + v92;
        const real v94 = v63 * v93;
        const real v95 = 1.0f + v94;
        const real v96 = v91 * v95;
        const real v97 = v90 * v96;
        r97.value[u] = v97;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r97);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 0 * kTile, nullptr, c36, 1.0f, nullptr, false, ring, no_steps(),
                          tile + 48 * kTile, tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g89 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g98 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g44x = group_at<8>(&b4[row_of(i, 24) + f]);
      const Group<8> g44y = group_at<8>(&b4[row_of(i, 24) + 8 + f]);
      const Group<8> g44z = group_at<8>(&b4[row_of(i, 24) + 16 + f]);
      const Group<8> g58x = group_at<8>(&tile[8 * kTile + t * 24 + f]);
      const Group<8> g58y = group_at<8>(&tile[8 * kTile + t * 24 + 8 + f]);
      const Group<8> g58z = group_at<8>(&tile[8 * kTile + t * 24 + 16 + f]);
      const Group<8> g100 = group_at<8>(&tile[56 * kTile + t * 8 + f]);
      const Group<8> g61 = group_at<8>(&tile[32 * kTile + t * 8 + f]);
      Group<8> r99;
      Group<8> r105x;
      Group<8> r105y;
      Group<8> r105z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v89 = g89.value[u];
        const real v98 = g98.value[u];
        const real v99 = v89 + v98;
        const real v44x = g44x.value[u];
        const real v44y = g44y.value[u];
        const real v44z = g44z.value[u];
        const real v58x = g58x.value[u];
        const real v58y = g58y.value[u];
        const real v58z = g58z.value[u];
        const real v59x = v44x + v58x;
        const real v59y = v44y + v58y;
        const real v59z = v44z + v58z;
        const real v100 = g100.value[u];
        const real v61 = g61.value[u];
        const real v101 = m_rsqrt(v61);
        const real v102 = 0.5f * v101;
        const real v103 = v100 * v102;
        const real v104x = v59x * v103;
        const real v104y = v59y * v103;
        const real v104z = v59z * v103;
        const real v105x = v104x + v104x;
        const real v105y = v104y + v104y;
        const real v105z = v104z + v104z;
        r99.value[u] = v99;
        r105x.value[u] = v105x;
        r105y.value[u] = v105y;
        r105z.value[u] = v105z;
      }
      put_group<8>(&b6[row_of(i, 8) + f], r99);
      put_group<8>(&b7[row_of(i, 24) + f], r105x);
      put_group<8>(&b7[row_of(i, 24) + 8 + f], r105y);
      put_group<8>(&b7[row_of(i, 24) + 16 + f], r105z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_2, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16, const real* MLFF_RESTRICT c17,
            const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19, const real* MLFF_RESTRICT c20,
            const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT c37,
            const real* MLFF_RESTRICT c38, const real* MLFF_RESTRICT c39, const real* MLFF_RESTRICT c40,
            const real* MLFF_RESTRICT b0, const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2,
            const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b4, const real* MLFF_RESTRICT b5,
            const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8,
            real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    real v139;
    real v148[9];
    real v163;
    int j, row;
  };
  constexpr int kTileNumbers = 56;   // of tile arrays, an atom
  constexpr int kSumNumbers = 4;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 16;   // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  fetch_ahead(ring, first_steps<8, 8, 1, 1>(c37));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a108x[slots<8>()] = {};
    real a108y[slots<8>()] = {};
    real a108z[slots<8>()] = {};
    real a112[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        const real v137 = m_sin(v10);
        const real v138 = 0.628318531f * v137;
        const real v139 = 0.5f * v138;
        const real v160 = power<2>(v19);
        const real v161 = p.r * v160;
        const real v162 = -v161;
        const real v163 = v19 + v162;
        p.v15 = v15;
        p.v20 = v20;
        p.v139 = v139;
        p.v163 = v163;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        const real v139 = p.v139;
        const real v140 = v8 * v139;
        const real v141 = -v140;
        const real v143 = v5 * 2.0f;
        const real v144 = v4 * v143;
        const real v145 = v8 * v144;
        const real v146 = v15 * v145;
        const real v147 = -v146;
        const real v148 = v141 + v147;
        p.v16[f] = v16;
        p.v148[f] = v148;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m45[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m45[e] = group_at<8>(c15 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c16 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m45[e], pair[e].v16[k], w);
          }
          Group<8> m166[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m166[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c16 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m166[e], pair[e].v148[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v46 = m_silu(m45[e].value[u]);
              const real v167 = m_sigmoid(m45[e].value[u]);
              const real v168 = -v167;
              const real v169 = 1.0f + v168;
              const real v170 = m45[e].value[u] * v169;
              const real v171 = 1.0f + v170;
              const real v172 = v167 * v171;
              const real v173 = m166[e].value[u] * v172;
              team_array[0 * kPairBatch + e * 8 + f + u] = v46;
              team_array[8 * kPairBatch + e * 8 + f + u] = v173;
            }
          }
        }
        team_barrier();
        real part1[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g40 = group_at<8>(&b3[row_of(i, 8) + f]);
          const Group<8> g44x = group_at<8>(&b4[row_of(i, 24) + f]);
          const Group<8> g44y = group_at<8>(&b4[row_of(i, 24) + 8 + f]);
          const Group<8> g44z = group_at<8>(&b4[row_of(i, 24) + 16 + f]);
          Group<8> m48[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m48[e] = group_at<8>(c19 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m48[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m47[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m47[e] = group_at<8>(c17 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c18 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m47[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m176[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m176[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m176[e], team_array[8 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m49[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m49[e] = group_at<8>(c21 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c22 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m49[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m174[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m174[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c18 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m174[e], team_array[8 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m175[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m175[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c20 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m175[e], team_array[8 * kPairBatch + e * 8 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g106x = group_at<8>(&b7[row_of(p.j, 24) + f]);
            const Group<8> g106y = group_at<8>(&b7[row_of(p.j, 24) + 8 + f]);
            const Group<8> g106z = group_at<8>(&b7[row_of(p.j, 24) + 16 + f]);
            const Group<8> g110 = group_at<8>(&b6[row_of(p.j, 8) + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v40 = g40.value[u];
              const real v44x = g44x.value[u];
              const real v44y = g44y.value[u];
              const real v44z = g44z.value[u];
              const real v106x = g106x.value[u];
              const real v106y = g106y.value[u];
              const real v106z = g106z.value[u];
              const real v107x = m48[e].value[u] * v106x;
              const real v107y = m48[e].value[u] * v106y;
              const real v107z = m48[e].value[u] * v106z;
              const real v110 = g110.value[u];
              const real v111 = m47[e].value[u] * v110;
              const real v20 = p.v20;
              const real v177 = v20 * m176[e].value[u];
              const real v163 = p.v163;
              const real v178 = m49[e].value[u] * v163;
              const real v179 = v177 + v178;
              const real v181 = p.ux * v106x + p.uy * v106y + p.uz * v106z;
              const real v182 = v179 * v181;
              const real v183 = -v182;
              const real v185 = v110 * m174[e].value[u];
              const real v186 = v40 * v185;
              const real v190 = v183 + v186;
              const real v188 = v106x * v44x + v106y * v44y + v106z * v44z;
              const real v189 = m175[e].value[u] * v188;
              const real v191 = v190 + v189;
              const real v55 = v20 * m49[e].value[u];
              const real v195x = v55 * v106x;
              const real v195y = v55 * v106y;
              const real v195z = v55 * v106z;
              a108x[c + u] += v107x;
              a108y[c + u] += v107y;
              a108z[c + u] += v107z;
              a112[c + u] += v111;
              part1[e * 4 + 0] += v191;
              part1[e * 4 + 1] += v195x;
              part1[e * 4 + 2] += v195y;
              part1[e * 4 + 3] += v195z;
            }
          }
        }
        team_barrier();
        leave_sums<4>(sums, p0, part1);
      };
      int p0 = 0;
      constexpr int kBatch = kHeavyPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v192 = left_sum<4>(sums, e, 0);
        const real v196x = left_sum<4>(sums, e, 1);
        const real v196y = left_sum<4>(sums, e, 2);
        const real v196z = left_sum<4>(sums, e, 3);
        const real v193x = p.ux * v192;
        const real v193y = p.uy * v192;
        const real v193z = p.uz * v192;
        const real v194x = -v193x;
        const real v194y = -v193y;
        const real v194z = -v193z;
        const real v180 = m_reciprocal(p.r);
        const real v197 = p.ux * v196x + p.uy * v196y + p.uz * v196z;
        const real v198x = p.ux * v197;
        const real v198y = p.uy * v197;
        const real v198z = p.uz * v197;
        const real v199x = -v198x;
        const real v199y = -v198y;
        const real v199z = -v198z;
        const real v200x = v196x + v199x;
        const real v200y = v196y + v199y;
        const real v200z = v196z + v199z;
        const real v201x = v180 * v200x;
        const real v201y = v180 * v200y;
        const real v201z = v180 * v200z;
        const real v202x = v194x + v201x;
        const real v202y = v194y + v201y;
        const real v202z = v194z + v201z;
        pair_gradient[row_of(q, 3)] = v202x;
        pair_gradient[row_of(q, 3) + 1] = v202y;
        pair_gradient[row_of(q, 3) + 2] = v202z;
      }
    }
    MLFF_EACH_GROUP(c, f, 8) {
      put_group<8>(&tile[0 * kTile + t * 24 + f], group_of_slots<8>(a108x, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 8 + f], group_of_slots<8>(a108y, c));
      put_group<8>(&tile[0 * kTile + t * 24 + 16 + f], group_of_slots<8>(a108z, c));
    }
    MLFF_EACH_GROUP(c, f, 8) { put_group<8>(&tile[24 * kTile + t * 8 + f], group_of_slots<8>(a112, c)); }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g99 = group_at<8>(&b6[row_of(i, 8) + f]);
      const Group<8> g112 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g31x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g31y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g31z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g105x = group_at<8>(&b7[row_of(i, 24) + f]);
      const Group<8> g105y = group_at<8>(&b7[row_of(i, 24) + 8 + f]);
      const Group<8> g105z = group_at<8>(&b7[row_of(i, 24) + 16 + f]);
      const Group<8> g108x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g108y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g108z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      Group<8> r113;
      Group<8> r114;
      Group<8> r118;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v99 = g99.value[u];
        const real v112 = g112.value[u];
        const real v113 = v99 + v112;
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v42x = 0.484821283f * v31x + 0.204203539f * v31y + 0.654162232f * v31z;
        const real v42y = (-0.248573005f) * v31x + 0.365251871f * v31y + (-0.879563111f) * v31z;
        const real v42z = (-0.413928028f) * v31x + 0.790083147f * v31y + 0.165228596f * v31z;
        const real v105x = g105x.value[u];
        const real v105y = g105y.value[u];
        const real v105z = g105z.value[u];
        const real v108x = g108x.value[u];
        const real v108y = g108y.value[u];
        const real v108z = g108z.value[u];
        const real v109x = v105x + v108x;
        const real v109y = v105y + v108y;
        const real v109z = v105z + v108z;
        const real v114 = v42x * v109x + v42y * v109y + v42z * v109z;
        const real v118 = v31x * v109x + v31y * v109y + v31z * v109z;
        r113.value[u] = v113;
        r114.value[u] = v114;
        r118.value[u] = v118;
      }
      put_group<8>(&tile[24 * kTile + t * 8 + f], r113);
      put_group<8>(&tile[32 * kTile + t * 8 + f], r114);
      put_group<8>(&tile[40 * kTile + t * 8 + f], r118);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 32 * kTile, nullptr, c37, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c38), tile + 48 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 40 * kTile, nullptr, c38, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 1, 1>(c39), tile + 48 * kTile);
  linear_tile<8, 8, 1, 1>(rows, tile + 24 * kTile, nullptr, c39, 1.0f, nullptr, true, ring,
                          first_steps<8, 8, 2, 1>(c40), tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g119 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g125 = group_at<8>(&b5[row_of(i, 8) + f]);
      Group<8> r126;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v119 = g119.value[u];
        const real v125 = g125.value[u];
        const real v126 = v119 * v125;
        r126.value[u] = v126;
      }
      put_group<8>(&tile[32 * kTile + t * 8 + f], r126);
    }
  }
  block_barrier();
  linear_tile<8, 8, 2, 1>(rows, tile + 32 * kTile, nullptr, c40, 1.0f, nullptr, false, ring, no_steps(),
                          tile + 40 * kTile, tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g113 = group_at<8>(&tile[24 * kTile + t * 8 + f]);
      const Group<8> g127 = group_at<8>(&tile[40 * kTile + t * 8 + f]);
      const Group<8> g31x = group_at<8>(&b0[row_of(i, 24) + f]);
      const Group<8> g31y = group_at<8>(&b0[row_of(i, 24) + 8 + f]);
      const Group<8> g31z = group_at<8>(&b0[row_of(i, 24) + 16 + f]);
      const Group<8> g129 = group_at<8>(&tile[48 * kTile + t * 8 + f]);
      const Group<8> g38 = group_at<8>(&b2[row_of(i, 8) + f]);
      const Group<8> g105x = group_at<8>(&b7[row_of(i, 24) + f]);
      const Group<8> g105y = group_at<8>(&b7[row_of(i, 24) + 8 + f]);
      const Group<8> g105z = group_at<8>(&b7[row_of(i, 24) + 16 + f]);
      const Group<8> g108x = group_at<8>(&tile[0 * kTile + t * 24 + f]);
      const Group<8> g108y = group_at<8>(&tile[0 * kTile + t * 24 + 8 + f]);
      const Group<8> g108z = group_at<8>(&tile[0 * kTile + t * 24 + 16 + f]);
      const Group<8> g37 = group_at<8>(&b1[row_of(i, 8) + f]);
      Group<8> r128;
      Group<8> r136x;
      Group<8> r136y;
      Group<8> r136z;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v113 = g113.value[u];
        const real v127 = g127.value[u];
        const real v128 = v113 + v127;
        const real v31x = g31x.value[u];
        const real v31y = g31y.value[u];
        const real v31z = g31z.value[u];
        const real v129 = g129.value[u];
        const real v33 = v31x * v31x + v31y * v31y + v31z * v31z;
        const real v130 = m_rsqrt(v33);
        const real v131 = 0.5f * v130;
        const real v132 = v129 * v131;
        const real v133x = v31x * v132;
        const real v133y = v31y * v132;
        const real v133z = v31z * v132;
        const real v38 = g38.value[u];
        const real v105x = g105x.value[u];
        const real v105y = g105y.value[u];
        const real v105z = g105z.value[u];
        const real v108x = g108x.value[u];
        const real v108y = g108y.value[u];
        const real v108z = g108z.value[u];
        const real v109x = v105x + v108x;
        const real v109y = v105y + v108y;
        const real v109z = v105z + v108z;
        const real v115x = v38 * v109x;
        const real v115y = v38 * v109y;
        const real v115z = v38 * v109z;
        const real v116x = 0.484821283f * v115x + (-0.248573005f) * v115y + (-0.413928028f) * v115z;
        const real v116y = 0.204203539f * v115x + 0.365251871f * v115y + 0.790083147f * v115z;
        const real v116z = 0.654162232f * v115x + (-0.879563111f) * v115y + 0.165228596f * v115z;
        const real v134x = v133x + v116x;
        const real v134y = v133y + v116y;
        const real v134z = v133z + v116z;
        const real v37 = g37.value[u];
        const real v117x = v37 * v109x;
        const real v117y = v37 * v109y;
        const real v117z = v37 * v109z;
        const real v135x = v134x + v117x;
        const real v135y = v134y + v117y;
        const real v135z = v134z + v117z;
        const real v136x = v135x + v133x;
        const real v136y = v135y + v133y;
        const real v136z = v135z + v133z;
        r128.value[u] = v128;
        r136x.value[u] = v136x;
        r136y.value[u] = v136y;
        r136z.value[u] = v136z;
      }
      put_group<8>(&b8[row_of(i, 8) + f], r128);
      put_group<8>(&b9[row_of(i, 24) + f], r136x);
      put_group<8>(&b9[row_of(i, 24) + 8 + f], r136y);
      put_group<8>(&b9[row_of(i, 24) + 16 + f], r136z);
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7, const real* MLFF_RESTRICT c8,
            const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT b8, const real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    real v139;
    real v148[9];
    real v163;
    int j, row;
  };
  constexpr int kTileNumbers = 0;   // of tile arrays, an atom
  constexpr int kSumNumbers = 4;    // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 16;  // of team arrays, a pair of a batch
  constexpr int kRing = 0;          // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        const real v137 = m_sin(v10);
        const real v138 = 0.628318531f * v137;
        const real v139 = 0.5f * v138;
        const real v160 = power<2>(v19);
        const real v161 = p.r * v160;
        const real v162 = -v161;
        const real v163 = v19 + v162;
        p.v15 = v15;
        p.v20 = v20;
        p.v139 = v139;
        p.v163 = v163;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        const real v139 = p.v139;
        const real v140 = v8 * v139;
        const real v141 = -v140;
        const real v143 = v5 * 2.0f;
        const real v144 = v4 * v143;
        const real v145 = v8 * v144;
        const real v146 = v15 * v145;
        const real v147 = -v146;
        const real v148 = v141 + v147;
        p.v16[f] = v16;
        p.v148[f] = v148;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 8) {
          Group<8> m22[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m22[e] = group_at<8>(c3 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c4 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m22[e], pair[e].v16[k], w);
          }
          Group<8> m149[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m149[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<8> w = group_at<8>(c4 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<8>(m149[e], pair[e].v148[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v23 = m_silu(m22[e].value[u]);
              const real v150 = m_sigmoid(m22[e].value[u]);
              const real v151 = -v150;
              const real v152 = 1.0f + v151;
              const real v153 = m22[e].value[u] * v152;
              const real v154 = 1.0f + v153;
              const real v155 = v150 * v154;
              const real v156 = m149[e].value[u] * v155;
              team_array[8 * kPairBatch + e * 8 + f + u] = v23;
              team_array[0 * kPairBatch + e * 8 + f + u] = v156;
            }
          }
        }
        team_barrier();
        real part1[E * 4] = {};
        MLFF_EACH_GROUP(c, f, 8) {
          const Group<8> g0 = group_at<8>(&c7[row_of(element[i], 8) + f]);
          Group<8> m157[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m157[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c6 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m157[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m158[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m158[e] = Group<8>{};
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c9 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m158[e], team_array[0 * kPairBatch + e * 8 + 0 + k], w);
          }
          Group<8> m25[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m25[e] = group_at<8>(c8 + f);
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const Group<8> w = group_at<8>(c9 + k * 8 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<8>(m25[e], team_array[8 * kPairBatch + e * 8 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<8> g204 = group_at<8>(&b8[row_of(p.j, 8) + f]);
            const Group<8> g207x = group_at<8>(&b9[row_of(p.j, 24) + f]);
            const Group<8> g207y = group_at<8>(&b9[row_of(p.j, 24) + 8 + f]);
            const Group<8> g207z = group_at<8>(&b9[row_of(p.j, 24) + 16 + f]);
            MLFF_EACH_OF_GROUP(u, 8) {
              const real v0 = g0.value[u];
              const real v204 = g204.value[u];
              const real v205 = m157[e].value[u] * v204;
              const real v206 = v0 * v205;
              const real v20 = p.v20;
              const real v159 = v20 * m158[e].value[u];
              const real v163 = p.v163;
              const real v164 = m25[e].value[u] * v163;
              const real v165 = v159 + v164;
              const real v207x = g207x.value[u];
              const real v207y = g207y.value[u];
              const real v207z = g207z.value[u];
              const real v208 = p.ux * v207x + p.uy * v207y + p.uz * v207z;
              const real v209 = v165 * v208;
              const real v210 = -v209;
              const real v211 = v206 + v210;
              const real v29 = v20 * m25[e].value[u];
              const real v215x = v29 * v207x;
              const real v215y = v29 * v207y;
              const real v215z = v29 * v207z;
              part1[e * 4 + 0] += v211;
              part1[e * 4 + 1] += v215x;
              part1[e * 4 + 2] += v215y;
              part1[e * 4 + 3] += v215z;
            }
          }
        }
        team_barrier();
        leave_sums<4>(sums, p0, part1);
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v212 = left_sum<4>(sums, e, 0);
        const real v216x = left_sum<4>(sums, e, 1);
        const real v216y = left_sum<4>(sums, e, 2);
        const real v216z = left_sum<4>(sums, e, 3);
        const real v213x = p.ux * v212;
        const real v213y = p.uy * v212;
        const real v213z = p.uz * v212;
        const real v214x = -v213x;
        const real v214y = -v213y;
        const real v214z = -v213z;
        const real v180 = m_reciprocal(p.r);
        const real v217 = p.ux * v216x + p.uy * v216y + p.uz * v216z;
        const real v218x = p.ux * v217;
        const real v218y = p.uy * v217;
        const real v218z = p.uz * v217;
        const real v219x = -v218x;
        const real v219y = -v218y;
        const real v219z = -v218z;
        const real v220x = v216x + v219x;
        const real v220y = v216y + v219y;
        const real v220z = v216z + v219z;
        const real v221x = v180 * v220x;
        const real v221y = v180 * v220y;
        const real v221z = v180 * v220z;
        const real v222x = v214x + v221x;
        const real v222y = v214y + v221y;
        const real v222z = v214z + v221z;
        pair_gradient[row_of(q, 3)] += v222x;
        pair_gradient[row_of(q, 3) + 1] += v222y;
        pair_gradient[row_of(q, 3) + 2] += v222z;
      }
    }
  }
  block_barrier();
}
