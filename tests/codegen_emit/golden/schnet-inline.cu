MLFF_KERNEL(phase_0, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, real* MLFF_RESTRICT b0,
            real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    int j, row;
  };
  constexpr int kTileNumbers = 9;    // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 9;    // of team arrays, a pair of a batch
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
  fetch_ahead(ring, first_steps<9, 8, 1, 1>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a26[slots<9>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        p.v16 = v16;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        p.v9[f] = v9;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 9) {
          Group<9> m17[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m17[e] = group_at<9>(c3 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c4 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<9>(m17[e], pair[e].v9[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v18 = m_softplus(m17[e].value[u]);
              const real v20 = v18 + (-0.693147181f);
              team_array[0 * kPairBatch + e * 9 + f + u] = v20;
            }
          }
        }
        team_barrier();
        MLFF_EACH_GROUP(c, f, 9) {
          Group<9> m21[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m21[e] = group_at<9>(c5 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c6 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<9>(m21[e], team_array[0 * kPairBatch + e * 9 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g24 = group_at<9>(&c7[row_of(element[p.j], 9) + f]);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v16 = p.v16;
              const real v22 = v16 * m21[e].value[u];
              const real v24 = g24.value[u];
              const real v25 = v22 * v24;
              a26[c + u] += v25;
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
    MLFF_EACH_GROUP(c, f, 9) { put_group<9>(&tile[0 * kTile + t * 9 + f], group_of_slots<9>(a26, c)); }
  }
  block_barrier();
  linear_tile<9, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c0, 1.0f, c8, false, ring, first_steps<8, 8, 1, 1>(c9),
                          b0 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g27 = group_at<8>(&b0[row_of(i, 8) + f]);
      Group<8> r29;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v27 = g27.value[u];
        const real v28 = m_softplus(v27);
        const real v29 = (-0.693147181f) + v28;
        r29.value[u] = v29;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r29);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c9, 1.0f, c10, false, ring, first_steps<8, 9, 1, 1>(c11),
                          b1 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c12[row_of(element[i], 8) + f]);
      const Group<8> g30 = group_at<8>(&b1[row_of(i, 8) + f]);
      Group<8> r31;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v30 = g30.value[u];
        const real v31 = v0 + v30;
        r31.value[u] = v31;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r31);
    }
  }
  block_barrier();
  linear_tile<8, 9, 1, 1>(rows, tile + 0 * kTile, nullptr, c11, 1.0f, nullptr, false, ring, no_steps(),
                          b2 + row_of(first, 9));
  block_barrier();
}

MLFF_KERNEL(phase_1, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27, const real* MLFF_RESTRICT b1,
            const real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3, real* MLFF_RESTRICT b4) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    int j, row;
  };
  constexpr int kTileNumbers = 25;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 9;    // of team arrays, a pair of a batch
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
  fetch_ahead(ring, first_steps<9, 8, 1, 1>(c13));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a40[slots<9>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        p.v16 = v16;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        p.v9[f] = v9;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 9) {
          Group<9> m32[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m32[e] = group_at<9>(c14 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c15 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<9>(m32[e], pair[e].v9[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v33 = m_softplus(m32[e].value[u]);
              const real v34 = (-0.693147181f) + v33;
              team_array[0 * kPairBatch + e * 9 + f + u] = v34;
            }
          }
        }
        team_barrier();
        MLFF_EACH_GROUP(c, f, 9) {
          Group<9> m35[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m35[e] = group_at<9>(c16 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c17 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<9>(m35[e], team_array[0 * kPairBatch + e * 9 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g38 = group_at<9>(&b2[row_of(p.j, 9) + f]);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v16 = p.v16;
              const real v36 = v16 * m35[e].value[u];
              const real v38 = g38.value[u];
              const real v39 = v36 * v38;
              a40[c + u] += v39;
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
    MLFF_EACH_GROUP(c, f, 9) { put_group<9>(&tile[0 * kTile + t * 9 + f], group_of_slots<9>(a40, c)); }
  }
  block_barrier();
  linear_tile<9, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c13, 1.0f, c18, false, ring, first_steps<8, 8, 1, 1>(c19),
                          tile + 9 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g41 = group_at<8>(&tile[9 * kTile + t * 8 + f]);
      Group<8> r43;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v41 = g41.value[u];
        const real v42 = m_softplus(v41);
        const real v43 = (-0.693147181f) + v42;
        r43.value[u] = v43;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r43);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c19, 1.0f, c20, false, ring, first_steps<8, 5, 1, 1>(c21),
                          tile + 17 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g0 = group_at<8>(&c12[row_of(element[i], 8) + f]);
      const Group<8> g30 = group_at<8>(&b1[row_of(i, 8) + f]);
      const Group<8> g44 = group_at<8>(&tile[17 * kTile + t * 8 + f]);
      Group<8> r45;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v0 = g0.value[u];
        const real v30 = g30.value[u];
        const real v31 = v0 + v30;
        const real v44 = g44.value[u];
        const real v45 = v31 + v44;
        r45.value[u] = v45;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r45);
    }
  }
  block_barrier();
  linear_tile<8, 5, 1, 1>(rows, tile + 0 * kTile, nullptr, c21, 1.0f, c22, false, ring, first_steps<5, 1, 1, 1>(c23),
                          tile + 17 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 5) {
      const Group<5> g46 = group_at<5>(&tile[17 * kTile + t * 5 + f]);
      const Group<5> g50 = group_at<5>(&c24[f]);
      Group<5> r47;
      Group<5> r57;
      MLFF_EACH_OF_GROUP(u, 5) {
        const real v46 = g46.value[u];
        const real v47 = m_silu(v46);
        const real v50 = g50.value[u];
        const real v51 = m_sigmoid(v46);
        const real v52 = -v51;
        const real v53 = 1.0f + v52;
        const real v54 = v46 * v53;
        const real v55 = 1.0f + v54;
        const real v56 = v51 * v55;
        const real v57 = v50 * v56;
        r47.value[u] = v47;
        r57.value[u] = v57;
      }
      put_group<5>(&tile[0 * kTile + t * 5 + f], r47);
      put_group<5>(&tile[17 * kTile + t * 5 + f], r57);
    }
  }
  block_barrier();
  linear_tile<5, 1, 1, 1>(rows, tile + 0 * kTile, nullptr, c23, 1.0f, nullptr, false, ring,
                          first_steps<5, 8, 1, 1>(c25), tile + 5 * kTile);
  linear_tile<5, 8, 1, 1>(rows, tile + 17 * kTile, nullptr, c25, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c26), b3 + row_of(first, 8));
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 1) {
      MLFF_EACH_OF_GROUP(u, 1) {
        const real v48 = tile[5 * kTile + t * 1];
        atom_energy[i] = v48;
      }
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, b3 + row_of(first, 8), nullptr, c26, 1.0f, nullptr, false, ring,
                          first_steps<8, 9, 1, 1>(c27), tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g59 = group_at<8>(&tile[0 * kTile + t * 8 + f]);
      const Group<8> g41 = group_at<8>(&tile[9 * kTile + t * 8 + f]);
      Group<8> r61;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v59 = g59.value[u];
        const real v41 = g41.value[u];
        const real v60 = m_sigmoid(v41);
        const real v61 = v59 * v60;
        r61.value[u] = v61;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r61);
    }
  }
  block_barrier();
  linear_tile<8, 9, 1, 1>(rows, tile + 0 * kTile, nullptr, c27, 1.0f, nullptr, false, ring, no_steps(),
                          b4 + row_of(first, 9));
  block_barrier();
}

MLFF_KERNEL(phase_2, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c28, const real* MLFF_RESTRICT c29,
            const real* MLFF_RESTRICT c30, const real* MLFF_RESTRICT b0, const real* MLFF_RESTRICT b2,
            const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    real v76[9];
    real v84;
    int j, row;
  };
  constexpr int kTileNumbers = 17;   // of tile arrays, an atom
  constexpr int kSumNumbers = 1;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 18;   // of team arrays, a pair of a batch
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
  fetch_ahead(ring, first_steps<9, 8, 1, 1>(c28));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a65[slots<9>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        const real v82 = m_sin(v11);
        const real v83 = 0.628318531f * v82;
        const real v84 = 0.5f * v83;
        p.v16 = v16;
        p.v84 = v84;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        const real v73 = v5 * 2.0f;
        const real v74 = v2 * v73;
        const real v75 = (-0.5f) * v74;
        const real v76 = v9 * v75;
        p.v9[f] = v9;
        p.v76[f] = v76;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 9) {
          Group<9> m32[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m32[e] = group_at<9>(c14 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c15 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<9>(m32[e], pair[e].v9[k], w);
          }
          Group<9> m88[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m88[e] = Group<9>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c15 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<9>(m88[e], pair[e].v76[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v33 = m_softplus(m32[e].value[u]);
              const real v34 = (-0.693147181f) + v33;
              const real v89 = m_sigmoid(m32[e].value[u]);
              const real v90 = m88[e].value[u] * v89;
              team_array[0 * kPairBatch + e * 9 + f + u] = v34;
              team_array[9 * kPairBatch + e * 9 + f + u] = v90;
            }
          }
        }
        team_barrier();
        real part1[E * 1] = {};
        MLFF_EACH_GROUP(c, f, 9) {
          const Group<9> g37 = group_at<9>(&b2[row_of(i, 9) + f]);
          Group<9> m35[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m35[e] = group_at<9>(c16 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c17 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<9>(m35[e], team_array[0 * kPairBatch + e * 9 + 0 + k], w);
          }
          Group<9> m91[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m91[e] = Group<9>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c17 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<9>(m91[e], team_array[9 * kPairBatch + e * 9 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g63 = group_at<9>(&b4[row_of(p.j, 9) + f]);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v37 = g37.value[u];
              const real v16 = p.v16;
              const real v36 = v16 * m35[e].value[u];
              const real v63 = g63.value[u];
              const real v64 = v36 * v63;
              const real v92 = v16 * m91[e].value[u];
              const real v84 = p.v84;
              const real v93 = m35[e].value[u] * v84;
              const real v94 = -v93;
              const real v95 = v92 + v94;
              const real v98 = v63 * v95;
              const real v99 = v37 * v98;
              a65[c + u] += v64;
              part1[e * 1 + 0] += v99;
            }
          }
        }
        team_barrier();
        leave_sums<1>(sums, p0, part1);
      };
      int p0 = 0;
      constexpr int kBatch = kHeavyPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v100 = left_sum<1>(sums, e, 0);
        const real v101x = p.ux * v100;
        const real v101y = p.uy * v100;
        const real v101z = p.uz * v100;
        const real v102x = -v101x;
        const real v102y = -v101y;
        const real v102z = -v101z;
        pair_gradient[row_of(q, 3)] = v102x;
        pair_gradient[row_of(q, 3) + 1] = v102y;
        pair_gradient[row_of(q, 3) + 2] = v102z;
      }
    }
    MLFF_EACH_GROUP(c, f, 9) { put_group<9>(&tile[0 * kTile + t * 9 + f], group_of_slots<9>(a65, c)); }
  }
  block_barrier();
  linear_tile<9, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c28, 1.0f, nullptr, false, ring,
                          first_steps<8, 8, 1, 1>(c29), tile + 9 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g58 = group_at<8>(&b3[row_of(i, 8) + f]);
      const Group<8> g66 = group_at<8>(&tile[9 * kTile + t * 8 + f]);
      Group<8> r67;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v58 = g58.value[u];
        const real v66 = g66.value[u];
        const real v67 = v58 + v66;
        r67.value[u] = v67;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r67);
    }
  }
  block_barrier();
  linear_tile<8, 8, 1, 1>(rows, tile + 0 * kTile, nullptr, c29, 1.0f, nullptr, false, ring,
                          first_steps<8, 9, 1, 1>(c30), tile + 8 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_GROUP(c, f, 8) {
      const Group<8> g68 = group_at<8>(&tile[8 * kTile + t * 8 + f]);
      const Group<8> g27 = group_at<8>(&b0[row_of(i, 8) + f]);
      Group<8> r70;
      MLFF_EACH_OF_GROUP(u, 8) {
        const real v68 = g68.value[u];
        const real v27 = g27.value[u];
        const real v69 = m_sigmoid(v27);
        const real v70 = v68 * v69;
        r70.value[u] = v70;
      }
      put_group<8>(&tile[0 * kTile + t * 8 + f], r70);
    }
  }
  block_barrier();
  linear_tile<8, 9, 1, 1>(rows, tile + 0 * kTile, nullptr, c30, 1.0f, nullptr, false, ring, no_steps(),
                          b5 + row_of(first, 9));
  block_barrier();
}

MLFF_KERNEL(phase_3, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v9[9];
    real v16;
    real v76[9];
    real v84;
    int j, row;
  };
  constexpr int kTileNumbers = 0;   // of tile arrays, an atom
  constexpr int kSumNumbers = 1;    // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 18;  // of team arrays, a pair of a batch
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
        const real v11 = p.r * 0.628318531f;
        const real v13 = m_cos(v11);
        const real v14 = 1.0f + v13;
        const real v16 = v14 * 0.5f;
        const real v82 = m_sin(v11);
        const real v83 = 0.628318531f * v82;
        const real v84 = 0.5f * v83;
        p.v16 = v16;
        p.v84 = v84;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = c2[f];
        const real v4 = p.r + v3;
        const real v5 = v2 * v4;
        const real v6 = power<2>(v5);
        const real v8 = v6 * (-0.5f);
        const real v9 = m_exp(v8);
        const real v73 = v5 * 2.0f;
        const real v74 = v2 * v73;
        const real v75 = (-0.5f) * v74;
        const real v76 = v9 * v75;
        p.v9[f] = v9;
        p.v76[f] = v76;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_GROUP(c, f, 9) {
          Group<9> m17[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m17[e] = group_at<9>(c3 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c4 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<9>(m17[e], pair[e].v9[k], w);
          }
          Group<9> m77[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m77[e] = Group<9>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c4 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e) add_multiple<9>(m77[e], pair[e].v76[k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v18 = m_softplus(m17[e].value[u]);
              const real v20 = v18 + (-0.693147181f);
              const real v78 = m_sigmoid(m17[e].value[u]);
              const real v79 = m77[e].value[u] * v78;
              team_array[9 * kPairBatch + e * 9 + f + u] = v20;
              team_array[0 * kPairBatch + e * 9 + f + u] = v79;
            }
          }
        }
        team_barrier();
        real part1[E * 1] = {};
        MLFF_EACH_GROUP(c, f, 9) {
          const Group<9> g23 = group_at<9>(&c7[row_of(element[i], 9) + f]);
          Group<9> m80[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m80[e] = Group<9>{};
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c6 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<9>(m80[e], team_array[0 * kPairBatch + e * 9 + 0 + k], w);
          }
          Group<9> m21[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) m21[e] = group_at<9>(c5 + f);
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const Group<9> w = group_at<9>(c6 + k * 9 + f);
            MLFF_UNROLL for (int e = 0; e < E; ++e)
                add_multiple<9>(m21[e], team_array[9 * kPairBatch + e * 9 + 0 + k], w);
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const Group<9> g104 = group_at<9>(&b5[row_of(p.j, 9) + f]);
            MLFF_EACH_OF_GROUP(u, 9) {
              const real v23 = g23.value[u];
              const real v16 = p.v16;
              const real v81 = v16 * m80[e].value[u];
              const real v84 = p.v84;
              const real v85 = m21[e].value[u] * v84;
              const real v86 = -v85;
              const real v87 = v81 + v86;
              const real v104 = g104.value[u];
              const real v105 = v87 * v104;
              const real v106 = v23 * v105;
              part1[e * 1 + 0] += v106;
            }
          }
        }
        team_barrier();
        leave_sums<1>(sums, p0, part1);
      };
      int p0 = 0;
      constexpr int kBatch = kPairBatch;
      for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v107 = left_sum<1>(sums, e, 0);
        const real v108x = p.ux * v107;
        const real v108y = p.uy * v107;
        const real v108z = p.uz * v107;
        const real v109x = -v108x;
        const real v109y = -v108y;
        const real v109z = -v108z;
        pair_gradient[row_of(q, 3)] += v109x;
        pair_gradient[row_of(q, 3) + 1] += v109y;
        pair_gradient[row_of(q, 3) + 2] += v109z;
      }
    }
  }
  block_barrier();
}
